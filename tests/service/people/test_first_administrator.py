"""A service without people makes itself one administrator, whose secret is in a file and must be changed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kantu.errors import StoreError
from kantu.service.database import Database
from kantu.service.identity import passwords_of
from kantu.service.people import repository
from kantu.service.people.first_administrator import ensure_first_administrator
from kantu.service.people.person import Person
from kantu.service.settings import PeopleSettings
from tests.service.audits import LOG, acts_of
from tests.service.people.visitors import CHEAP, add_person

PASSWORDS = passwords_of(PeopleSettings(**CHEAP))


def ensure(database: Database, home: Path) -> Path | None:
    return ensure_first_administrator(database, home, LOG, PASSWORDS, one_time_seconds=3600, clock=lambda: 1000.0)


def everybody(database: Database) -> list[Person]:
    with database.session(read_only=True) as session:
        return repository.find_all(session)


def test_its_name_and_secret_are_in_a_file_that_only_its_owner_reads(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    umask = os.umask(0)
    try:
        path = ensure(database, tmp_path)
    finally:
        os.umask(umask)
    assert path == tmp_path / "first-administrator"
    assert path.stat().st_mode & 0o777 == 0o600
    name, secret = path.read_text().split()
    (person,) = everybody(database)
    assert (person.name, person.role, person.power, person.one_time_until) == (name, "system", "system", 4600)
    assert PASSWORDS.matches(person.password_hash, secret)
    assert person.unfinished(1001.0, password_days=0, totp_for_all=False) == "password"
    said = capsys.readouterr()
    assert acts_of(database) == ["create people ok"]
    assert str(path) in said.err
    assert secret not in said.out + said.err


def test_two_services_have_two_secrets(sqlite: Database, tmp_path: Path) -> None:
    first = ensure(sqlite, tmp_path)
    other = Database.sqlite(tmp_path / "other" / "kantu.db")
    other.upgrade()
    second = ensure(other, tmp_path / "other")
    other.close()
    assert first is not None
    assert second is not None
    assert first.read_text() != second.read_text()


def test_where_there_is_anybody_nobody_is_made(database: Database, tmp_path: Path) -> None:
    add_person(database, "a", disabled_at=1)
    assert ensure(database, tmp_path / "home") is None
    assert not (tmp_path / "home").exists()


def test_many_that_start_at_once_make_one(database_url: str, tmp_path: Path) -> None:
    databases = [Database(database_url) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda it: ensure(it[1], tmp_path / f"home{it[0] % 2}"), enumerate(databases)))
    (path,) = [path for path in made if path is not None]
    (person,) = everybody(databases[0])
    assert PASSWORDS.matches(person.password_hash, path.read_text().split()[1])
    for database in databases:
        database.close()


def test_where_the_file_cannot_be_written_nobody_is_made(database: Database, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(StoreError) as caught:
        ensure(database, tmp_path / "home")
    assert caught.value.code == "first_administrator_unwritable"
    assert everybody(database) == []
    assert acts_of(database) == []
