"""What the database's own errors mean: those of the store become ours, those of our code stay what they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from kantu.errors import KantuError, error

# Primary result codes of SQLite (https://sqlite.org/rescode.html) and SQLSTATEs of PostgreSQL (its appendix A).
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, "XX001", "XX002")
_FULL = (sqlite3.SQLITE_FULL, "53100")
_READ_ONLY = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, "25006")


def is_damage(error: BaseException) -> bool:
    """Whether the database's files are not what the database has written."""
    return _code(error) in _DAMAGED


@contextmanager
def store_errors() -> Iterator[None]:
    """Raises StoreError (`store_full`, `store_unavailable`) for a database that is away, locked, full or damaged."""
    try:
        yield
    except SQLAlchemyError as failure:
        if not _is_the_store_s(failure):
            raise
        # from None: the library's error may hold an address or a statement
        raise (error("store_full") if _code(failure) in _FULL else error("store_unavailable")) from None


@contextmanager
def start_errors() -> Iterator[None]:
    """As `store_errors`, for whoever starts the service: says what is wrong with the database, if that will not pass.

    Raises:
        StoreError: also `database_damaged`, `database_unwritable`, `database_too_new`.
    """
    try:
        yield
    except CommandError:  # Alembic does not know the revision that the tables have
        raise error("database_too_new") from None
    except SQLAlchemyError as failure:
        found = _said_at_start(failure)
        if found is None:
            raise
        raise found from None


def _said_at_start(failure: SQLAlchemyError) -> KantuError | None:
    if is_damage(failure):
        return error("database_damaged")
    if _code(failure) in _READ_ONLY:
        return error("database_unwritable")
    if not _is_the_store_s(failure):
        return None
    return error("store_full") if _code(failure) in _FULL else error("store_unavailable")


def _is_the_store_s(error: SQLAlchemyError) -> bool:
    """Of the subclasses of DatabaseError the others say that a statement was wrong. SQLite's damage has none."""
    if isinstance(error, PoolTimeoutError | OperationalError | InternalError) or type(error) is DatabaseError:
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _code(error: BaseException) -> int | str | None:
    """SQLite's primary result code, or a SQLSTATE."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    extended = getattr(cause, "sqlite_errorcode", None)
    if isinstance(extended, int):
        return extended & 0xFF
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else None
