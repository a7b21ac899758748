"""Backing up and restoring are in the audit, and the chain that a backup brings along is whole wherever it comes to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.service.audit.event import Entry
from kantu.service.audit.keeping import AnchorKeeper
from kantu.service.audit.opening import anchor_file, open_audit_log
from kantu.service.audit.shipping import AnchorFile
from kantu.service.backup import saving
from kantu.service.database.copying import copy_from
from kantu.service.database.migrate import upgrade_to
from kantu.service.settings import AuditSettings
from tests.service.audits import acts_of, entries_of
from tests.service.backup.conftest import Kind, Place

pytestmark = pytest.mark.whole


def kantu_(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def code_of(*arguments: str) -> str:
    failed = kantu_(*arguments)
    assert failed.exit_code != 0
    return failed.stderr.rpartition("[")[2].partition("]")[0]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], None]:
    """Have the commands work on a place."""

    def move(place: Place) -> None:
        place.database.close()
        monkeypatch.setenv("KANTU_HOME", str(place.home))
        if place.database.file is None:
            url = place.database.engine.url.render_as_string(hide_password=False)
            monkeypatch.setenv("KANTU_STORE_DATABASE_URL", url)
        else:
            monkeypatch.delenv("KANTU_STORE_DATABASE_URL", raising=False)

    return move


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.backup"


def anchor(place: Place) -> None:
    """As the service does every few minutes."""
    log = open_audit_log(AuditSettings(), place.home, place.database)
    AnchorKeeper(place.database, log, [AnchorFile(anchor_file(AuditSettings(), place.home))]).keep()


def told(entry: Entry) -> dict[str, object]:
    read: dict[str, object] = json.loads(entry.after or "{}")
    return read


@pytest.mark.parametrize(("from_", "to"), [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_restored_chain_is_whole_and_goes_on(
    make_place: Callable[[Kind], Place], at: Callable[[Place], None], path: Path, from_: Kind, to: Kind
) -> None:
    source, target = make_place(from_), make_place(to)
    at(source)
    kantu_("keys", "create", "a")
    anchor(source)
    assert kantu_("backup", str(path)).exit_code == 0
    assert acts_of(source.database) == ["create keys ok", "create backup ok"]
    backed_up = entries_of(source.database)[-1]
    assert (backed_up.target_id, told(backed_up)["encrypted"]) == ("a.backup", False)
    kantu_("keys", "create", "after the backup")
    anchor(source)
    at(target)
    assert kantu_("restore", str(path)).exit_code == 0
    assert acts_of(target.database) == ["create keys ok", "restore backup ok"]
    restored = entries_of(target.database)[-1]
    assert (restored.before, told(restored)["database"]) == (None, from_)
    verified = kantu_("audit", "verify")
    assert (verified.exit_code, verified.stdout) == (0, "核对了 2 条（第 1 到 2 条），1 个锚点相符；没有问题。\n")
    assert kantu_("keys", "create", "b").exit_code == 0
    anchor(target)
    assert "2 个锚点相符；没有问题" in kantu_("audit", "verify").stdout
    at(source)
    assert "没有问题" in kantu_("audit", "verify").stdout


def test_an_anchor_that_is_made_meanwhile_is_of_no_chain_that_the_backup_has(
    make_place: Callable[[Kind], Place], at: Callable[[Place], None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make_place("sqlite"), make_place("sqlite")
    at(source)
    kantu_("keys", "create", "a")
    anchor(source)

    def copy_and_go_on(*arguments: object) -> None:
        copy_from(*arguments)  # type: ignore[arg-type]
        kantu_("keys", "create", "b")
        anchor(source)

    monkeypatch.setattr(saving, "copy_from", copy_and_go_on)
    assert kantu_("backup", str(path)).exit_code == 0
    assert "2 个锚点相符；没有问题" in kantu_("audit", "verify").stdout
    at(target)
    assert kantu_("restore", str(path)).exit_code == 0
    assert "1 个锚点相符；没有问题" in kantu_("audit", "verify").stdout


def test_a_restore_over_another_chain_tells_how_far_that_reached_and_keeps_its_keys(
    make_place: Callable[[Kind], Place], at: Callable[[Place], None], path: Path
) -> None:
    source, target = make_place("sqlite"), make_place("sqlite")
    at(source)
    kantu_("keys", "create", "a")
    kantu_("backup", str(path))
    at(target)
    for name in ("b", "c", "d"):
        kantu_("keys", "create", name)
    anchor(target)
    theirs = entries_of(target.database)[-1]
    keys = [(place.home / "audit" / "key").read_text() for place in (source, target)]
    assert code_of("restore", str(path)) == "restore_not_empty"
    failed = entries_of(target.database)[-1]
    assert (failed.action, failed.resource, failed.result) == ("restore", "backup", "failed")
    assert (failed.sequence, told(failed)) == (theirs.sequence + 1, {"code": "restore_not_empty"})
    target.database.close()  # nobody has it open
    assert kantu_("restore", str(path), "--force").exit_code == 0
    restored = entries_of(target.database)[-1]
    assert restored.sequence == 2
    assert json.loads(restored.before or "") == {"sequence": failed.sequence, "mac": failed.mac.hex()}
    assert (target.home / "audit" / "key").read_text() == keys[0] + keys[1]
    assert (target.home / "audit" / "key").stat().st_mode & 0o777 == 0o600
    assert kantu_("keys", "create", "e").exit_code == 0
    assert "核对了 3 条（第 1 到 3 条），0 个锚点相符；没有问题" in kantu_("audit", "verify").stdout


def test_a_restore_that_fails_leaves_nothing_in_an_empty_home(
    make_place: Callable[[Kind], Place], at: Callable[[Place], None], path: Path
) -> None:
    source, target = make_place("sqlite"), make_place("sqlite")
    at(source)
    kantu_("keys", "create", "a")
    kantu_("backup", str(path))
    at(target)
    assert code_of("restore", "/dev/null") == "not_a_backup"
    assert not (target.home / "audit").exists()
    assert kantu_("restore", str(path)).exit_code == 0


def test_a_backup_that_fails_is_in_the_audit_and_one_that_cannot_be_recorded_is_none(
    make_place: Callable[[Kind], Place], at: Callable[[Place], None], path: Path
) -> None:
    place = make_place("sqlite")
    at(place)
    assert code_of("backup", str(path)) == "nothing_to_back_up"
    assert not (place.home / "audit").exists()
    kantu_("keys", "create", "a")
    path.touch()
    assert code_of("backup", str(path)) == "backup_exists"
    path.unlink()
    assert acts_of(place.database)[-1] == "create backup failed"
    with place.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET sequence = 7")
    assert code_of("backup", str(path)) == "audit_chain_broken"
    assert list(path.parent.glob("a.backup*")) == []


def test_what_is_older_than_the_audit_begins_a_chain_when_it_is_restored(
    make_place: Callable[[Kind], Place], at: Callable[[Place], None], path: Path
) -> None:
    source, target = make_place("sqlite"), make_place("sqlite")
    with source.database.engine.begin() as connection:
        upgrade_to(connection, "0004")
        names, values = "id, name, owner, digest, hint, limits, created_at", "'key_1', 'a', 'a', 'd', 'kt-', '{}', 1"
        connection.exec_driver_sql(f"INSERT INTO api_keys ({names}) VALUES ({values})")
    at(source)
    assert kantu_("backup", str(path)).exit_code == 0
    at(target)
    assert kantu_("restore", str(path)).exit_code == 0
    assert acts_of(target.database) == ["restore backup ok"]
    assert "没有问题" in kantu_("audit", "verify").stdout


def test_keys_that_are_kept_elsewhere_must_be_there_first(
    make_place: Callable[[Kind], Place],
    at: Callable[[Place], None],
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target = make_place("sqlite"), make_place("sqlite")
    key = tmp_path / "keys" / "audit"
    monkeypatch.setenv("KANTU_AUDIT_KEY_FILE", str(key))
    at(source)
    kantu_("keys", "create", "a")
    kantu_("backup", str(path))
    kept = key.read_text()
    key.unlink()
    at(target)
    assert code_of("restore", str(path)) == "audit_key_unreadable"
    assert target.rows() == {}
    key.write_text(kept)
    key.chmod(0o600)
    assert kantu_("restore", str(path)).exit_code == 0
    assert not (target.home / "audit" / "key").exists()
    assert "没有问题" in kantu_("audit", "verify").stdout
