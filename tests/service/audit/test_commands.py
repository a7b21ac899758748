"""`kantu audit`, and what `kantu keys` leaves in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kantu.cli import app
from kantu.service.audit.acting import event
from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.settings import AuditSettings
from tests.service.audits import acts_of, disarm, entries_of, record

FORGED = "文\x1b[3m\n\r\x9b\x7f\x08\u2028\u202e\u200f"
"""What moves the cursor, begins a line, or turns the words around."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("KANTU_HOME", str(folder))
    return folder


def kantu(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def opened(home: Path) -> Database:
    return Database.sqlite(home / "kantu.db")


def test_keys_leave_who_made_and_who_ended_them(home: Path) -> None:
    kantu("keys", "create", "客服部", "--owner", "service", "--requests-per-day", "5")
    (key,) = json.loads(kantu("keys", "list", "--json").stdout)
    kantu("keys", "revoke", key["id"])
    database = opened(home)
    created, listed, revoked = entries_of(database)
    database.close()
    assert acts_of(database) == ["create keys ok", "read keys ok", "revoke keys ok"]
    assert json.loads(created.after or "") == {
        "name": "客服部",
        "owner": "service",
        "models": None,
        "endpoints": None,
        "expires_at": None,
        "limits": {"requests_per_day": 5},
    }
    assert created.target_id == revoked.target_id == key["id"]
    assert (listed.actor_kind, json.loads(revoked.before or "")) == ("system", {"revoked_at": None})


def test_what_could_not_be_done_is_left_too(home: Path) -> None:
    kantu("keys", "create", "n", "--endpoint", "admin")
    kantu("keys", "revoke", "key_unknown")
    kantu("audit", "restore", "nowhere.jsonl")
    kantu("audit", "verify", "--behind", "99")
    database = opened(home)
    acts = ["create keys failed", "revoke keys failed", "restore audit failed", "verify audit failed"]
    assert acts_of(database) == acts
    revoked = entries_of(database)[1]
    database.close()
    assert (revoked.target_id, json.loads(revoked.after or "")) == ("key_unknown", {"code": "key_not_found"})


def test_verify_says_where_a_planted_edit_is(home: Path) -> None:
    for name in ("a", "b", "c"):
        kantu("keys", "create", name)
    good = kantu("audit", "verify")
    assert (good.exit_code, good.stdout) == (0, "核对了 3 条（第 1 到 3 条），0 个锚点相符；没有问题。\n")
    database = opened(home)
    disarm(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_events SET actor_id = 'somebody' WHERE sequence = 2")
    database.close()
    bad = kantu("audit", "verify")
    assert bad.exit_code != 0
    assert "第 2 条起有问题：改过（edited）" in bad.stdout
    assert "[audit_broken]" in bad.stderr
    assert kantu("audit", "verify", "--behind", "2").exit_code == 0
    assert "[audit_entry_not_found]" in kantu("audit", "verify", "--behind", "99").stderr


def test_search_and_export_show_it(home: Path) -> None:
    kantu("keys", "create", "a")
    database = opened(home)
    log = open_audit_log(AuditSettings(), home, database)
    record(database, event("create", "files", FORGED), log=log)
    database.close()
    found = kantu("audit", "search", "--action", "create", "--since", "2020-01-01")
    assert "create keys key_" in found.stdout
    assert set(FORGED) & set(found.stdout) == set("文[3m\n")
    assert len(found.stdout.splitlines()) == 3  # one of each entry, and what came of the key
    as_json = kantu("audit", "search", "--action", "create", "--json").stdout.splitlines()
    assert [json.loads(line)["sequence"] for line in as_json] == [2, 1]
    assert json.loads(kantu("audit", "export", "--until", "2100-01-01").stdout.splitlines()[0])["sequence"] == 1
    assert kantu("audit", "export", "--format", "syslog").stdout.startswith("<109>1 ")
    assert "[invalid_audit_time]" in kantu("audit", "search", "--since", "gestern").stderr


def test_accept_goes_on_behind_a_break(home: Path) -> None:
    kantu("keys", "create", "a")
    database = opened(home)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET sequence = 7")
    database.close()
    refused = kantu("keys", "create", "b")
    assert refused.exit_code != 0
    assert "[audit_chain_broken]" in refused.stderr
    assert kantu("audit", "accept", "--reason", "查过了").exit_code == 0
    assert kantu("keys", "create", "b").exit_code == 0
    assert kantu("audit", "verify").exit_code == 0


def test_archive_and_restore_say_what_they_did() -> None:
    kantu("keys", "create", "a")
    assert (kantu("audit", "archive").exit_code, kantu("audit", "archive").stdout) == (0, "")
    assert "[audit_file_unreadable]" in kantu("audit", "restore", "nowhere.jsonl").stderr
    assert "[audit_file_unreadable]" in kantu("audit", "verify", "--archive", "nowhere.jsonl").stderr
