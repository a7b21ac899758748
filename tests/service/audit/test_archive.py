"""Old months leave the table for files that can be verified by themselves and put back."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from kantu.errors import StoreError
from kantu.service.audit.acting import event
from kantu.service.audit.archive import Archiver, verify_archive
from kantu.service.audit.keys import AuditKeys
from kantu.service.audit.service import AuditService
from kantu.service.audit.verify import Fault
from kantu.service.database import Database
from kantu.service.settings import AuditSettings
from tests.service.audits import KEYS, LOG, acts_of, disarm, entries_of, log_with, record
from tests.service.clock import Clock

DAY = 86_400


def seconds(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def clock(database: Database) -> Clock:
    """After four events in January, two in February and one in March."""
    clock = Clock(0)
    for day in ("2026-01-01", "2026-01-02", "2026-01-31", "2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01"):
        clock.now = seconds(day)
        record(database, event("create", "files"), log=log_with(clock))
    return clock


@pytest.fixture
def archiver(database: Database, clock: Clock, tmp_path: Path) -> Archiver:
    return Archiver(database, log_with(clock), tmp_path / "archive", 180)


def names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "archive").glob("*"))


def test_nothing_younger_than_180_days_can_leave() -> None:
    assert AuditSettings().keep_days == 180
    with pytest.raises(ValidationError):
        AuditSettings(keep_days=179)


def test_a_month_leaves_once_its_last_entry_is_old_enough(
    database: Database, archiver: Archiver, clock: Clock, tmp_path: Path
) -> None:
    assert archiver.archive(seconds("2026-01-31") + 180 * DAY) == []
    clock.now = seconds("2026-01-31") + 180 * DAY + 1
    (archive,) = archiver.archive(clock.now)
    assert (archive.path.name, archive.first, archive.last) == ("2026-01-000000000001.jsonl", 1, 4)
    assert stat.S_IMODE(archive.path.stat().st_mode) == 0o600
    assert names(tmp_path) == [archive.path.name]
    assert [entry.sequence for entry in entries_of(database)] == [5, 6, 7, 8]
    assert acts_of(database)[-1] == "archive audit ok"


def test_every_month_gets_a_file_and_the_last_one_stays(
    database: Database, archiver: Archiver, clock: Clock, tmp_path: Path
) -> None:
    clock.now = seconds("2027-01-01")
    assert [archive.path.name[:7] for archive in archiver.archive(clock.now)] == ["2026-01", "2026-02", "2026-03"]
    assert acts_of(database) == ["archive audit ok"] * 3
    assert AuditService(database, LOG).verify().fault is None
    for name in names(tmp_path):
        assert verify_archive(tmp_path / "archive" / name, KEYS).fault is None


def test_files_come_back_from_the_newest_to_the_oldest(
    database: Database, archiver: Archiver, clock: Clock, tmp_path: Path
) -> None:
    clock.now = seconds("2027-01-01")
    oldest, *_, newest = [archive.path for archive in archiver.archive(clock.now)]
    with pytest.raises(StoreError, match="audit_archive_not_next"):
        archiver.restore(oldest)
    for name in reversed(names(tmp_path)):
        archiver.restore(tmp_path / "archive" / name)
    with pytest.raises(StoreError, match="audit_archive_not_next"):
        archiver.restore(newest)
    assert [entry.sequence for entry in entries_of(database)] == list(range(1, 14))
    verdict = AuditService(database, LOG).verify()
    assert (verdict.fault, verdict.first, verdict.last) == (None, 1, 13)
    assert archiver.archive(clock.now)[0].path == oldest  # and leave again


@pytest.mark.parametrize(("line", "kind", "sequence"), [(0, "deleted", 1), (1, "deleted", 2), (3, "truncated", 4)])
def test_a_file_that_lost_a_line_is_found_out(
    archiver: Archiver, clock: Clock, line: int, kind: str, sequence: int
) -> None:
    clock.now = seconds("2026-08-01")
    (archive,) = archiver.archive(clock.now)
    lines = archive.path.read_text().splitlines(keepends=True)
    archive.path.write_text("".join([*lines[:line], *lines[line + 1 :]]))
    found = verify_archive(archive.path, KEYS)
    if line == 0:  # where a file should begin stands in the table, or in the file before
        assert (found.fault, found.first) == (None, 2)
    else:
        assert found.fault == Fault(kind, sequence)  # type: ignore[arg-type]
        with pytest.raises(StoreError, match="audit_archive_broken"):
            archiver.restore(archive.path)


def test_a_file_that_was_edited_or_is_no_file_of_ours_is_refused(
    archiver: Archiver, clock: Clock, tmp_path: Path
) -> None:
    clock.now = seconds("2026-08-01")
    (archive,) = archiver.archive(clock.now)
    content = archive.path.read_text()
    archive.path.write_text(content.replace('"create"', '"delete"', 1))
    assert verify_archive(archive.path, KEYS).fault == Fault("edited", 1)
    assert verify_archive(archive.path, AuditKeys([b"x" * 32])).fault == Fault("wrong_key", 1)
    archive.path.write_text("".join(content.splitlines(keepends=True)[:-1]))  # without its end
    with pytest.raises(StoreError, match="audit_file_unreadable"):
        verify_archive(archive.path, KEYS)
    with pytest.raises(StoreError, match="audit_file_unreadable"):
        verify_archive(tmp_path / "nowhere", KEYS)


def test_entries_that_were_tampered_with_do_not_leave_the_table(
    database: Database, archiver: Archiver, clock: Clock
) -> None:
    disarm(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE audit_events SET actor_id = 'x' WHERE sequence = 2"))
    clock.now = seconds("2026-08-01")
    with pytest.raises(StoreError, match="audit_chain_broken"):
        archiver.archive(clock.now)
    assert len(entries_of(database)) == 7


def test_a_folder_that_cannot_be_written_keeps_everything_in_the_table(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "archive").write_text("a file")
    with pytest.raises(StoreError, match="audit_file_unwritable"):
        Archiver(database, LOG, tmp_path / "archive", 180).archive(seconds("2027-01-01"))
    assert len(entries_of(database)) == 7
