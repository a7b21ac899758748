"""A whole database as one SQLite file, and back: what backups hold, whichever database it was or will be.

SQLite copies itself while others write (its online backup). PostgreSQL's rows are read in one snapshot, through the
migrations' own tables: `pg_dump` would need a program of the server's version beside every gateway, and what it writes
only PostgreSQL reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    cast,
    create_engine,
    delete,
    event,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.types import UserDefinedType

from kantu.errors import StoreError, error
from kantu.service.database.database import Database
from kantu.service.database.faults import start_errors
from kantu.service.database.migrate import VERSION_TABLE, lock, remove, revision_of, upgrade_to
from kantu.service.disk.placing import put_in_place

_ROWS_AT_ONCE = 200
_LOCK_SECONDS = 10  # for somebody else's transaction to end


def is_empty(database: Database) -> bool:
    """Whether no table has rows but those that migrations put there; one that is damaged or newer is not empty.

    Raises:
        StoreError: `store_unavailable`.
    """
    if database.file is not None and not database.file.exists():
        return True
    try:
        with start_errors(), database.engine.connect() as connection:
            filled = _filled(connection)
            revision = revision_of(connection)
        with start_errors(), _migrated(revision) as fresh:
            return filled <= _filled(fresh)
    except StoreError as failure:
        if failure.code not in ("database_damaged", "database_too_new"):
            raise
        return False


def copy_from(database: Database, file: Path) -> None:
    """Write all that is committed at one moment to a new SQLite file, at its revision. Nobody waits for it.

    Raises:
        StoreError: `store_unavailable`, `store_full`, `database_damaged`, `database_too_new`.
    """
    if database.file is not None:
        _copy_sqlite(database, file)
        return
    copy = Database.sqlite(file)
    try:
        with start_errors(), database.engine.connect() as connection, copy.engine.begin() as target:
            source = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            revision = revision_of(source)
            if revision is not None:
                upgrade_to(target, revision)
                copy_rows(source, target, _names(target))
    finally:
        copy.close()


def copy_to(file: Path, database: Database) -> None:
    """Make a database the same as a SQLite file at the newest revision, whatever it held.

    PostgreSQL then has all of it or nothing. For SQLite the file itself takes the place of what was there, damaged or
    not; nobody may have that open.

    Raises:
        StoreError: `store_unavailable`, `store_full`, `database_too_new`: only of PostgreSQL.
        OSError: the file cannot be put in its place.
    """
    if database.file is not None:
        database.close()
        for suffix in ("-wal", "-shm"):  # the log of what was there would be taken for the new file's
            database.file.with_name(database.file.name + suffix).unlink(missing_ok=True)
        put_in_place(file, database.file)
        return
    copy = Database(f"sqlite:///{file}")
    try:
        with start_errors(), copy.engine.connect() as source, database.engine.begin() as target:
            target.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
            lock(target)
            remove(target)
            upgrade_to(target, "head")
            with _migrated("head") as fresh:
                names = _names(fresh)
            copy_rows(source, target, names)
    finally:
        copy.close()


def copy_rows(source: Connection, target: Connection, names: Collection[str]) -> None:
    """The rows of some tables, in place of what migrations put there. Others' tables in the same database stay.

    Raises:
        StoreError: `database_damaged`: there is no such table.
    """
    theirs, ours = _tables(source), _tables(target)
    if not ours.tables.keys() & theirs.tables.keys() >= set(names):
        raise error("database_damaged")
    in_order = [table for table in ours.sorted_tables if table.name in names]  # parents first
    for table in reversed(in_order):
        target.execute(delete(table))
    for table in in_order:
        query = select(theirs.tables[table.name]).execution_options(yield_per=_ROWS_AT_ONCE)
        for rows in source.execute(query).partitions():
            target.execute(table.insert(), [dict(row._mapping) for row in rows])
        if target.dialect.name == "postgresql":
            _continue_numbers(target, table)


def _copy_sqlite(database: Database, file: Path) -> None:
    with (
        _driver_errors(),
        start_errors(),
        database.engine.connect() as connection,
        closing(sqlite3.connect(file)) as copy,
    ):
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        driver.backup(copy)  # in one step: with a write-ahead log it sees one state, and nobody waits for it
        whole = copy.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    if not whole:
        raise error("database_damaged")


@contextmanager
def _driver_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as failure:
        code = getattr(failure, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise error("database_damaged") from None
        raise (error("store_full") if code == sqlite3.SQLITE_FULL else error("store_unavailable")) from None


@contextmanager
def _migrated(revision: str | None) -> Iterator[Connection]:
    """A database as migrations make it."""
    with create_engine("sqlite://").begin() as connection:
        if revision is not None:
            upgrade_to(connection, revision)
        yield connection


def _names(connection: Connection) -> set[str]:
    return {*inspect(connection).get_table_names()} - {VERSION_TABLE}


def _filled(connection: Connection) -> set[str]:
    """The tables that have rows."""
    ones = {name: select(text("1")).select_from(Table(name, MetaData())).limit(1) for name in _names(connection)}
    return {name for name, one in ones.items() if connection.scalar(one) is not None}


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Where a table numbers its rows itself, behind those that were copied."""
    quote = connection.dialect.identifier_preparer.quote
    for column in table.primary_key.columns:
        if isinstance(column.type, Integer):
            sequence = func.pg_get_serial_sequence(quote(table.name), column.name)
            last = select(func.max(column)).scalar_subquery()
            connection.execute(select(func.setval(sequence, last)))  # does nothing where either is NULL


def _tables(connection: Connection) -> MetaData:
    """The tables as they are, which may be of any revision."""
    found = MetaData()
    json_type = _JsonText() if connection.dialect.name == "postgresql" else Text()

    @event.listens_for(found, "column_reflect")
    def keep_json_as_it_is(_: Any, __: Any, column: Any) -> None:
        if isinstance(column["type"], JSON):
            column["type"] = json_type

    found.reflect(connection)
    return found


class _JsonText(UserDefinedType[str]):
    """PostgreSQL's JSON as the text that was written, NULL and null told apart."""

    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(column, Text)

    def bind_expression(self, bindvalue: Any) -> ColumnElement[Any]:
        return cast(bindvalue, JSON)
