"""Transactions, and what becomes of a database that is away."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from kantu.errors import InvalidRequestError, KantuError, StoreError
from kantu.service.database import Database

COUNT = text("SELECT count(*) FROM notes")
ADD = text("INSERT INTO notes VALUES (1)")


@pytest.fixture
def notes(database: Database) -> Database:
    """A database with one more table."""
    with database.session() as session:
        session.execute(text("CREATE TABLE notes (number INTEGER)"))
    return database


def test_a_transaction_is_kept_at_its_end(notes: Database) -> None:
    with notes.session() as session:
        session.execute(ADD)
    with notes.session(read_only=True) as session:
        assert session.execute(COUNT).scalar() == 1


def test_what_raises_undoes_its_transaction(notes: Database) -> None:
    def fails() -> None:
        with notes.session() as session:
            session.execute(ADD)
            raise KantuError("x", "x", "x")

    with pytest.raises(KantuError):
        fails()
    with notes.session(read_only=True) as session:
        assert session.execute(COUNT).scalar() == 0


def test_read_then_write_in_two_threads_loses_nothing(notes: Database) -> None:
    with notes.session() as session:
        session.execute(text("CREATE TABLE sums (total INTEGER)"))
        session.execute(text("INSERT INTO sums VALUES (0)"))
    lock = " FOR UPDATE" if notes.engine.dialect.name == "postgresql" else ""

    def add() -> None:
        for _ in range(10):
            with notes.session() as session:
                total = session.execute(text(f"SELECT total FROM sums{lock}")).scalar_one()
                session.execute(text("UPDATE sums SET total = :total"), {"total": total + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with notes.session(read_only=True) as session:
        assert session.execute(text("SELECT total FROM sums")).scalar() == 40


def test_readers_do_not_wait_for_a_writer(notes: Database) -> None:
    with notes.session() as writer:
        writer.execute(ADD)
        with notes.session(read_only=True) as reader:
            assert reader.execute(COUNT).scalar() == 0


@pytest.mark.anyio
async def test_work_on_a_thread_raises_here(notes: Database) -> None:
    assert await notes.run(lambda session: session.execute(COUNT).scalar(), read_only=True) == 0

    def fails(_: object) -> None:
        raise KantuError("mine", "x", "x")

    with pytest.raises(KantuError, match="mine"):
        await notes.run(fails)


def test_tables_are_brought_up_to_date_once(database: Database) -> None:
    database.upgrade()
    database.upgrade()
    database.ping()


def test_an_sqlite_file_is_its_owner_s_and_written_ahead(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kantu.db"
    database = Database.sqlite(path)
    database.upgrade()
    with database.session(read_only=True) as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense", "sqlite", ""])
def test_only_two_kinds_of_database_are_known(url: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Database(url)
    assert caught.value.code == "invalid_settings"


@pytest.mark.parametrize(
    "url", ["postgresql://user:secret@127.0.0.1:9/kantu", "sqlite:////nowhere/kantu.db"], ids=["refused", "no folder"]
)
def test_a_database_that_cannot_be_reached_is_said_without_its_address(url: str) -> None:
    database = Database(url)
    for call in (database.ping, database.upgrade):
        with pytest.raises(StoreError) as caught:
            call()
        error = caught.value
        assert error.code == "store_unavailable"
        assert error.__suppress_context__
        assert "secret" not in f"{error} {error.message_en}"
    database.close()


def test_a_database_that_is_locked_for_long_is_a_store_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.service.database.database._BUSY_MILLISECONDS", 50)
    database = Database.sqlite(tmp_path / "kantu.db")
    database.upgrade()
    other = sqlite3.connect(tmp_path / "kantu.db")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError):
        database.upgrade()
    other.rollback()
    other.close()
    database.upgrade()
    database.close()


def test_a_defect_is_no_store_error(database: Database) -> None:
    def fails() -> None:
        with database.session() as session:
            session.execute(text("SELECT 1"))
            raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        fails()
