"""All of a backup is restored or nothing, into any database, and only where nothing is lost by it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from kantu.errors import KantuError
from kantu.service.backup import restoring
from kantu.service.backup.archive import DATABASE, ArchiveWriter
from kantu.service.backup.restoring import check, finish_restore, restore
from kantu.service.backup.saving import back_up
from kantu.service.backup.sealing import SealedWriter, Secret
from kantu.service.database import Database, copying
from kantu.service.database.migrate import revisions, upgrade_to
from kantu.service.home import only_service
from kantu.service.open_database import open_database
from tests.service.backup.conftest import KEY, Kind, Place, making_places, unrecorded
from tests.service.gateways import settings_with

pytestmark = pytest.mark.whole

KINDS: list[Kind] = ["sqlite", "postgresql"]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Of the database that is backed up."""
    kind: Kind = request.param
    return kind


@pytest.fixture(scope="module")
def place(kind: Kind, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One with data. Tests only read it."""
    with making_places(tmp_path_factory.mktemp("place"), request) as make:
        made = make(kind)
        made.fill()
        yield made


@pytest.fixture(scope="module")
def made(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backup") / "a.backup"
    back_up(path, place.home, place.database, None, record=unrecorded)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    """A backup of `place`, to do with as one likes."""
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture(params=KINDS)
def target(make_place: Callable[[Kind], Place], request: pytest.FixtureRequest) -> Place:
    """Where it is restored to."""
    return make_place(request.param)


def restored(path: Path, target: Place, secret: Secret | None = None, *, force: bool = False) -> Place:
    restore(path, target.home, target.database, secret, force=force, stage=unrecorded)
    return target


def code_of(path: Path, target: Place, secret: Secret | None = None) -> str:
    with pytest.raises(KantuError) as caught:
        restored(path, target, secret)
    return caught.value.code


def test_everything_is_there_again(place: Place, path: Path, target: Place) -> None:
    restored(path, target)
    assert target.rows() == place.rows()
    assert target.kept() == place.kept()
    assert not (target.home / ".restore").exists()
    modes = {found.stat().st_mode & 0o777 for found in target.home.rglob("*") if found.is_file()}
    assert modes == {0o600}


def test_what_was_restored_can_be_written_and_backed_up_again(path: Path, target: Place, tmp_path: Path) -> None:
    restored(path, target)
    target.upload(b"more")
    target.keys.create("one more")
    again = tmp_path / "again.backup"
    back_up(again, target.home, target.database, KEY, record=unrecorded)
    rows = target.rows()
    assert restored(again, target, KEY, force=True).rows() == rows


def test_the_tables_are_those_of_the_newest_revision(path: Path, target: Place) -> None:
    restored(path, target)
    target.database.upgrade()
    assert target.rows()["alembic_version"] == [{"version_num": revisions()[-1]}]


@pytest.mark.parametrize("revision", revisions())
def test_a_backup_of_any_older_revision_is_brought_up_to_date(revision: str, target: Place, tmp_path: Path) -> None:
    old = Database.sqlite(tmp_path / "old.db")
    with old.engine.begin() as connection:
        upgrade_to(connection, revision)
        names = "id, name, owner, digest, hint, limits, created_at"
        values = "'key_1', '客服', 'a', 'd', 'kt-', '{}', 1"
        connection.execute(text(f"INSERT INTO api_keys ({names}) VALUES ({values})"))
    old.close()
    path = tmp_path / "old.backup"
    _write(path, tmp_path / "old.db", revision)
    restored(path, target)
    assert [key.name for key in target.keys.list()] == ["客服"]
    assert target.rows()["alembic_version"] == [{"version_num": revisions()[-1]}]


def test_a_backup_of_a_newer_revision_is_refused(target: Place, place: Place, path: Path, tmp_path: Path) -> None:
    (tmp_path / "some.db").write_bytes(b"of the future")
    newer = tmp_path / "newer.backup"
    _write(newer, tmp_path / "some.db", "9999")
    assert code_of(newer, target) == "backup_too_new"
    with pytest.raises(KantuError, match="backup_too_new"):
        check(newer, None)
    assert restored(path, target).rows() == place.rows()  # nothing was in its way


def _write(path: Path, database: Path, revision: str) -> None:
    with path.open("wb") as file, database.open("rb") as data:
        archive = ArchiveWriter(SealedWriter(file, None, "aes-256-gcm"))
        archive.add(DATABASE, data)
        archive.finish(kantu="0", revision=revision, database="sqlite", created_at=1)


def test_a_damaged_backup_restores_nothing(path: Path, target: Place) -> None:
    data = path.read_bytes()
    for size in (0, 5, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        assert code_of(path, target) in ("backup_damaged", "not_a_backup")
    for place in range(0, len(data), len(data) // 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert code_of(path, target) in ("backup_damaged", "not_a_backup")
    assert target.kept() == {}
    path.write_bytes(data)
    assert len(restored(path, target).keys.list()) == 1


def test_what_is_there_is_not_overwritten_unless_forced(place: Place, path: Path, target: Place) -> None:
    target.fill("theirs")
    before = (target.rows(), target.kept())
    assert code_of(path, target) == "restore_not_empty"
    assert (target.rows(), target.kept()) == before
    assert restored(path, target, force=True).rows() == place.rows()
    assert target.kept().items() >= place.kept().items()


def test_rows_alone_and_files_alone_are_something(path: Path, target: Place) -> None:
    (target.home / "first-key").write_text("kt-theirs")
    assert code_of(path, target) == "restore_not_empty"
    (target.home / "first-key").unlink()
    target.database.upgrade()
    target.keys.create("theirs")
    assert code_of(path, target) == "restore_not_empty"


def test_tables_without_rows_and_models_are_nothing(path: Path, target: Place) -> None:
    target.database.upgrade()
    (target.home / "models" / "owner").mkdir(parents=True)
    (target.home / "models" / "owner" / "config.json").write_text("{}")
    assert len(restored(path, target).keys.list()) == 1


def test_tables_of_others_in_the_database_stay(path: Path, make_place: Callable[[Kind], Place]) -> None:
    target = make_place("postgresql")
    with target.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs AS SELECT 7 AS number"))
    assert code_of(path, target) == "restore_not_empty"
    assert restored(path, target, force=True).rows()["theirs"] == [{"number": 7}]


def test_a_damaged_database_can_be_replaced(place: Place, path: Path, make_place: Callable[[Kind], Place]) -> None:
    target = make_place("sqlite")
    target.database.close()
    (target.home / "kantu.db").write_bytes(b"no database at all" * 1000)
    (target.home / "kantu.db-wal").write_bytes(b"nor a log" * 1000)
    assert code_of(path, target) == "restore_not_empty"
    assert restored(path, target, force=True).rows() == place.rows()


def test_beside_a_running_service_nothing_is_restored(path: Path, target: Place) -> None:
    with only_service(target.home, limits_are_shared=True), only_service(target.home, limits_are_shared=True):
        assert code_of(path, target) == "restore_while_running"
    assert not (target.home / ".restore").exists()
    assert len(restored(path, target).keys.list()) == 1


def test_who_opens_the_database_waits_for_a_restore_at_work(
    path: Path, target: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide, opener, seen = restoring._decide, [], list[int]()

    def open_beside(*arguments: Any) -> None:
        def open_() -> None:
            finish_restore(target.home, target.database)
            seen.append(len(target.keys.list()))

        opener.append(threading.Thread(target=open_))
        opener[0].start()
        decide(*arguments)

    monkeypatch.setattr(restoring, "_decide", open_beside)
    restored(path, target)
    opener[0].join()
    assert seen == [1]


@dataclass
class KilledAt:
    """Dies at the nth change to a disk or a database of its process."""

    steps: int

    def __call__(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            os.kill(os.getpid(), 9)


def _die_in(steps: int, work: Callable[[], object]) -> bool:
    """Whether a process that does the work and is killed at one of its steps was killed before it ended."""
    child = os.fork()
    if child == 0:
        die = KilledAt(steps)
        for module, name in (
            (os, "fsync"),
            (os, "replace"),
            (os, "unlink"),
            (os, "rename"),
            (os, "rmdir"),
            (os, "mkdir"),
        ):
            setattr(module, name, _counted(getattr(module, name), die))
        for name in ("copy_rows", "upgrade_to", "remove"):
            setattr(copying, name, _counted(getattr(copying, name), die))
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == 9


def _counted(function: Callable[..., Any], step: Callable[[], None]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:
        step()
        return function(*arguments, **named)

    return counted


@pytest.mark.parametrize("kind", ["sqlite"], scope="module")
def test_killed_anywhere_it_leaves_nothing_or_all(place: Place, path: Path, target: Place, tmp_path: Path) -> None:
    target.fill("theirs")
    theirs = tmp_path / "theirs.backup"
    back_up(theirs, target.home, target.database, None, record=unrecorded)
    outcomes = []
    for steps in count(step=12):
        before = (target.rows(), target.kept())
        target.database.close()
        if not _die_in(steps, lambda: restored(path, target, force=True)):
            break
        finish_restore(target.home, target.database)  # as whoever opens the database does first
        assert not (target.home / ".restore").exists()
        rows = target.rows()
        is_new = rows == place.rows()
        outcomes.append(is_new)
        if is_new:
            assert target.kept().items() >= place.kept().items()
            shutil.rmtree(target.home / "files")
            restored(theirs, target, force=True)
        else:
            assert (rows, target.kept()) == before
    assert outcomes == sorted(outcomes)  # once it is decided, it is
    assert set(outcomes) == {False, True}
    assert target.rows() == place.rows()


def test_a_restore_that_was_killed_is_not_finished_into_another_database(
    path: Path, target: Place, make_place: Callable[[Kind], Place]
) -> None:
    target.database.close()
    child = os.fork()
    if child == 0:
        restoring.copy_to = lambda *_: os.kill(os.getpid(), 9)  # type: ignore[assignment, return-value]
        restored(path, target)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 9
    other = make_place("sqlite").database
    with pytest.raises(KantuError, match="restore_unfinished"):
        finish_restore(target.home, other)
    url = None if target.database.file else target.database.engine.url.render_as_string(hide_password=False)
    open_database(settings_with(store={"database_url": url}), target.home).close()  # as every command does
    assert len(target.keys.list()) == 1
    assert (target.home / "first-key").exists()
