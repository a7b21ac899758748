"""A database that is damaged, full, read-only or of another version."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from kantu.errors import StoreError
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from tests.service.audits import LOG
from tests.service.small_disk import fill

pytestmark = pytest.mark.whole

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path, migrated_sqlite: Path) -> Path:
    """A database's file with all tables."""
    return Path(shutil.copy(migrated_sqlite, tmp_path / "kantu.db"))


@pytest.fixture
def opened(path: Path) -> Iterator[Database]:
    database = Database.sqlite(path)
    with database.session() as session:
        session.execute(text("SELECT 1"))
    yield database
    database.close()


def spoil(path: Path, *, from_page: int = 0) -> None:
    """Overwrite it in another process's way: SQLite's locks of this one would go with a file that it closes."""
    script = f"dd if=/dev/urandom of='{path}' bs={PAGE} seek={from_page} count=32 conv=notrunc status=none"
    assert os.waitstatus_to_exitcode(os.system(script)) == 0


def root_page(path: Path, table: str) -> int:
    """Where a table begins, from 0."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    return int(page) - 1


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as caught:
        call()
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.code


def test_a_file_that_is_overwritten_is_noticed_by_readiness_before_anybody_asks(opened: Database, path: Path) -> None:
    opened.ping()
    spoil(path)
    assert code_of(opened.ping) == "store_unavailable"


def test_a_table_that_is_damaged_is_a_store_error_and_not_ready_until_all_is_whole(
    opened: Database, path: Path, migrated_sqlite: Path
) -> None:
    keys = KeyService(opened, LOG)
    opened.ping()
    spoil(path, from_page=root_page(path, "api_keys"))
    opened.engine.dispose()
    assert code_of(keys.list) == "store_unavailable"
    for _ in range(2):  # whatever is still whole: somebody has seen what is not
        assert code_of(opened.ping) == "store_unavailable"
    opened.engine.dispose()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    shutil.copy(migrated_sqlite, path)  # from a backup
    opened.ping()
    assert keys.list() == []


def test_a_file_that_is_gone_is_not_ready_and_not_made_anew(opened: Database, path: Path) -> None:
    path.unlink()
    assert code_of(opened.ping) == "store_unavailable"
    assert not path.exists()


def test_tables_that_are_gone_are_not_ready(database: Database) -> None:
    database.ping()
    with database.session() as session:
        session.execute(text("DROP TABLE alembic_version"))
    assert code_of(database.ping) == "store_unavailable"


def test_a_newer_database_is_said_at_start(database: Database) -> None:
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert code_of(database.upgrade) == "database_too_new"


@pytest.mark.parametrize("content", [b"not a database\n" * 1000, os.urandom(8 * PAGE)], ids=["text", "noise"])
def test_a_file_that_is_no_database_is_said_at_start(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert code_of(Database.sqlite(path).upgrade) == "database_damaged"


def test_a_folder_in_place_of_the_file_is_said_at_start(tmp_path: Path) -> None:
    (tmp_path / "kantu.db").mkdir()
    assert code_of(lambda: Database.sqlite(tmp_path / "kantu.db")) == "database_unwritable"


def test_a_database_on_a_read_only_disk_is_said_at_start(small_disk: Path, migrated_sqlite: Path) -> None:
    home = small_disk / "home"
    path = Path(shutil.copy(migrated_sqlite, home / "kantu.db"))
    assert os.waitstatus_to_exitcode(os.system(f"mount -o remount,ro '{home}'")) == 0
    assert code_of(lambda: Database.sqlite(path)) == "database_unwritable"
    assert code_of(Database(f"sqlite:///{path}").upgrade) in ("database_unwritable", "store_unavailable")


def test_a_full_disk_is_said_and_what_is_urgent_is_written_all_the_same(small_disk: Path) -> None:
    """However often: the log is written over. Others take whatever room that may make."""
    home = small_disk / "home"
    database = Database.sqlite(home / "kantu.db", ballast_bytes=2**17)
    database.upgrade()
    database.make_room()
    keys = KeyService(database, LOG)
    made = [keys.create("name")[0] for _ in range(5)]
    fill(home / "filler")
    use_up_the_log(home / "kantu.db")
    assert code_of(lambda: keys.create("another")) == "store_full"
    for key in made:
        assert keys.revoke(key.id).revoked_at is not None
        fill(home / "filler")
    assert (home / "kantu.db-ballast").exists()
    database.close()


@pytest.mark.parametrize("ballast_bytes", [0, 2**17])
def test_a_full_disk_is_no_reason_not_to_open_the_database_where_there_is_ballast(
    small_disk: Path, ballast_bytes: int
) -> None:
    """Nobody else has it open, and SQLite needs files of its own before it can even read."""
    home = small_disk / "home"
    database = Database.sqlite(home / "kantu.db", ballast_bytes=ballast_bytes)
    database.upgrade()
    key, _ = KeyService(database, LOG).create("name")
    database.make_room()
    database.close()
    fill(home / "filler")
    again = Database.sqlite(home / "kantu.db", ballast_bytes=ballast_bytes)
    if not ballast_bytes:
        assert code_of(again.upgrade) in ("store_full", "store_unavailable")
    else:
        again.upgrade()
        assert KeyService(again, LOG).revoke(key.id).revoked_at is not None
    again.close()


def use_up_the_log(path: Path) -> None:
    """Write until the log has no room left; nothing moves what is in it to the database meanwhile."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA wal_autocheckpoint = 0")
        number = 0
        while True:
            try:
                database.execute("UPDATE api_keys SET last_used_at = ?", (number,))
            except sqlite3.OperationalError:
                return
            number += 1
