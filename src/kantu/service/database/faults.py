"""What the database's own errors mean: those of the store become ours, those of our code stay what they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from kantu.errors import KantuError, StoreError
from kantu.service.disk.room import store_full

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
    except SQLAlchemyError as error:
        if not _is_the_store_s(error):
            raise
        # from None: the library's error may hold an address or a statement
        raise (store_full() if _code(error) in _FULL else store_unavailable()) from None


@contextmanager
def start_errors() -> Iterator[None]:
    """As `store_errors`, for whoever starts the service: says what is wrong with the database, if that will not pass.

    Raises:
        StoreError: also `database_damaged`, `database_unwritable`, `database_too_new`.
    """
    try:
        yield
    except CommandError:  # Alembic does not know the revision that the tables have
        raise StoreError(
            "database_too_new",
            "数据库是更新版本的看图写的，这个版本读不了；请用更新的版本，或从升级前的备份恢复。",
            "The database was written by a newer Kantu, which this one cannot read; use the newer one, or restore a "
            "backup from before the upgrade.",
            param="store.database_url",
        ) from None
    except SQLAlchemyError as error:
        found = _said_at_start(error)
        if found is None:
            raise
        raise found from None


def _said_at_start(error: SQLAlchemyError) -> KantuError | None:
    if is_damage(error):
        return StoreError(
            "database_damaged",
            "数据库文件已损坏，或不是数据库；请从备份恢复，或把它移走后重新开始。",
            "The database file is damaged, or is no database; restore a backup, or move it away to begin anew.",
            param="store.database_url",
        )
    if _code(error) in _READ_ONLY:
        return database_unwritable()
    if not _is_the_store_s(error):
        return None
    return store_full() if _code(error) in _FULL else store_unavailable()


def database_unwritable() -> StoreError:
    """A database that this user may not write."""
    return StoreError(
        "database_unwritable",
        "数据库不能写入；请检查 KANTU_HOME 和数据库文件的所有者与权限，以及磁盘是否只读。",
        "The database cannot be written; check the owner and mode of KANTU_HOME and of the database's files, and "
        "whether the disk is read-only.",
        param="store.database_url",
    )


def store_unavailable() -> StoreError:
    """A database that is away, locked or damaged."""
    return StoreError(
        "store_unavailable",
        "数据库暂时不可用，请稍后重试。",
        "The database cannot be used at the moment; try again later.",
    )


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
