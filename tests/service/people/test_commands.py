"""`kantu people`: whoever administers the machine lists, disables, unlocks and resets accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.service.audit.declared import COMMANDS
from kantu.service.database import Database
from kantu.service.identity import passwords_of
from kantu.service.people import repository
from kantu.service.people.person import Person, name_digest
from kantu.service.settings import PeopleSettings
from tests.service.audits import entries_of
from tests.service.people.visitors import CHEAP, add_person

pytestmark = pytest.mark.whole


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "kantu.db").write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setenv("KANTU_HOME", str(home))
    for name, value in CHEAP.items():
        monkeypatch.setenv(f"KANTU_PEOPLE_{name}".upper(), str(value))
    opened = Database.sqlite(home / "kantu.db")
    yield opened
    opened.close()


def people(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["people", *arguments], catch_exceptions=False)


def found(database: Database, person: Person) -> Person:
    with database.session(read_only=True) as session:
        now = repository.find(session, person.id)
    assert now is not None
    return now


def test_accounts_are_listed_without_anything_secret(database: Database) -> None:
    person = add_person(database, "李雷", "audit")
    shown = people("list").stdout
    assert "李雷  可用  审计管理员  有第二因素" in shown
    (told,) = json.loads(people("list", "--json").stdout)
    assert (told["id"], told["role"]) == (person.id, "audit")
    assert "argon2" not in shown + str(told)


def test_an_account_is_disabled_and_enabled(database: Database) -> None:
    person = add_person(database, "a")
    assert people("disable", " A").exit_code == 0
    assert found(database, person).state == "disabled"
    assert people("enable", "a").exit_code == 0
    assert found(database, person).state == "active"


def test_an_account_is_unlocked(database: Database) -> None:
    add_person(database, "a")
    with database.session() as session:
        repository.set_failures(session, name_digest("a"), 5, 10**10)
    assert people("unlock", "a").exit_code == 0
    with database.session() as session:
        assert repository.find_failures(session, name_digest("a")) == (0, 0)


def test_a_reset_password_alone_is_on_stdout_and_the_factor_stays_unless_it_is_lost(database: Database) -> None:
    person = add_person(database, "a", "system")
    result = people("reset", "a")
    secret = result.stdout.removesuffix("\n")
    now = found(database, person)
    assert passwords_of(PeopleSettings(**CHEAP)).matches(now.password_hash, secret)
    assert now.one_time_until is not None
    assert now.generation > person.generation
    assert now.has_totp
    assert secret not in result.stderr
    people("reset", "a", "--totp")
    assert not found(database, person).has_totp


def test_each_command_leaves_what_is_declared_of_it_by_the_system(database: Database) -> None:
    person = add_person(database, "a")
    for command, act in (
        ("list", "read people"),
        ("disable a", "update people"),
        ("enable a", "update people"),
        ("unlock a", "update people"),
        ("reset a --totp", "update people, delete factors"),
    ):
        before = len(entries_of(database))
        assert people(*command.split()).exit_code == 0
        entries = entries_of(database)[before:]
        assert ", ".join(f"{entry.action} {entry.resource}" for entry in entries) == act
        declared = COMMANDS[f"people {command.split()[0]}"]
        assert {(entry.action, entry.resource) for entry in entries} == set(declared)
        assert {entry.actor_kind for entry in entries} == {"system"}
        assert {entry.target_id for entry in entries} == {None if command == "list" else person.id}


def test_the_last_administrator_stays_and_a_name_that_nobody_has_is_said(database: Database) -> None:
    person = add_person(database, "a", "system")
    for arguments, code in ((("disable", "a"), "last_administrator"), (("disable", "b"), "person_not_found")):
        result = people(*arguments)
        assert result.exit_code != 0
        assert f"[{code}]" in result.stderr
        assert "Traceback" not in result.stderr
        failed = entries_of(database)[-1]
        assert (failed.action, failed.resource, failed.result) == ("update", "people", "failed")
        assert failed.after == f'{{"code":"{code}"}}'
        assert failed.target_id == (person.id if code == "last_administrator" else None)
