"""Sessions, on threads: SQLite has no other way, and a thread costs less than a second driver for each database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from kantu.errors import StoreError, error
from kantu.service.database.changes import Changes, file_of
from kantu.service.database.faults import is_damage, start_errors, store_errors
from kantu.service.database.migrate import upgrade
from kantu.service.database.owners import OwnersSession
from kantu.service.disk.ballast import PIECES, Ballast
from kantu.service.threads import on_thread

T = TypeVar("T")

_THREADS = 8  # and as many connections
_BUSY_MILLISECONDS = 5000
_CONNECT_SECONDS = 3


class Database:
    """One database, used from any thread.

    Args:
        url: SQLAlchemy's; `postgresql://` takes psycopg.
        ballast_bytes: of the ballast beside a file of SQLite (see `disk.ballast`), which `make_room` makes; 0 is none.

    Raises:
        InvalidRequestError: `invalid_settings`: not a URL of SQLite or PostgreSQL.
    """

    def __init__(self, url: str, *, ballast_bytes: int = 0) -> None:
        parsed = _parse(url)
        self.engine = _create_engine(parsed)
        self._readers = self.engine.execution_options(read_only=True)
        self._probes = _probing_engine(parsed, self.engine).execution_options(read_only=True)
        self._threads: CapacityLimiter | None = None
        self._changes = Changes(self.engine.url)
        self._damaged = False
        self._file = file_of(parsed)
        self._ballast = None
        if self._file is not None and ballast_bytes:
            self._ballast = Ballast(self._file.with_name(f"{self._file.name}-ballast"), ballast_bytes)

    @classmethod
    def sqlite(cls, path: Path, *, ballast_bytes: int = 0) -> Database:
        """The database in one file, which is made where there is none, readable by its owner only.

        Raises:
            StoreError: `database_unwritable`.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            usable = path.is_file() and os.access(path, os.R_OK | os.W_OK)
        except OSError:
            usable = False
        if not usable:
            raise error("database_unwritable")
        return cls(f"sqlite:///{path}", ballast_bytes=ballast_bytes)

    def upgrade(self) -> None:
        """Bring the tables to what this version of the code needs.

        Raises:
            StoreError: `store_unavailable`, `store_full`, `database_damaged`, `database_unwritable`,
                `database_too_new`.
        """

        def work() -> None:
            with start_errors():
                upgrade(self.engine)

        self._even_if_full(work)

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an exception.

        Args:
            read_only: nothing will be written; on SQLite such transactions wait for nobody.

        Raises:
            StoreError: `store_unavailable`: the database cannot be reached, is locked or damaged; `store_full`.
        """
        engine = self._readers if read_only else self.engine
        with (
            store_errors(),
            self._noting_damage(),
            OwnersSession(engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    async def run(self, work: Callable[[Session], T], *, read_only: bool = False, urgent: bool = False) -> T:
        """`work` in a transaction of its own, on a thread. What it or `session` raises is raised here.

        Args:
            urgent: see `urgently`.
        """
        if self._threads is None:
            self._threads = CapacityLimiter(_THREADS)
        if urgent:
            return await on_thread(partial(self.urgently, work), self._threads)
        return await on_thread(partial(self._run, work, read_only), self._threads)

    def urgently(self, work: Callable[[Session], T]) -> T:
        """`work` in a transaction that succeeds on a full disk, too: it frees room, or forbids something.

        Blocks. `work` may be called twice.
        """
        return self._even_if_full(partial(self._run, work, False))

    def version(self) -> int | None:
        """A number that is another one as soon as anybody has committed anything, this process or another one.

        None where the database would have to be asked. For the event loop: it waits for nothing.
        """
        return self._changes.version()

    def ping(self) -> None:
        """Raise StoreError unless the database answers, from its files and not from memory.

        Once somebody has found it damaged, all of it is looked through, which may take long.
        """
        if self._file is not None and not self._file.exists():  # SQLite would make a new one
            raise error("store_unavailable") from None
        with store_errors(), self._noting_damage(), self._probes.connect() as connection:
            try:
                connection.execute(text("SELECT version_num FROM alembic_version"))
                whole = not self._damaged or _is_whole(connection)
            except DBAPIError as failure:
                if is_damage(failure):
                    raise
                raise error("store_unavailable") from None  # also where the tables are gone
        if not whole:
            raise error("store_unavailable") from None
        if self._damaged:
            self.engine.dispose()  # whose connections may remember what was read before
            self._damaged = False

    @property
    def file(self) -> Path | None:
        """Its file, if it is one of SQLite on this machine."""
        return self._file

    @property
    def folder(self) -> Path | None:
        """Where its file lies, if it has one."""
        return None if self._file is None else self._file.parent

    def make_room(self) -> None:
        """Prepare for a full disk, now and then, while it is not: see `urgently`. Blocks."""
        if self._ballast is not None:
            self._ballast.restore()
        self._checkpoint("PASSIVE")  # gives the database's own file the size that it needs

    @property
    def data_files(self) -> tuple[Path, ...]:
        """The files that hold its rows, if it is SQLite on this machine."""
        if self._file is None:
            return ()
        return (self._file, *(self._file.with_name(f"{self._file.name}-{part}") for part in ("wal", "shm")))

    def scrub(self) -> None:
        """Leave nothing of deleted rows on the disk: SQLite has overwritten them, so its log is emptied here;
        PostgreSQL writes its tables anew. Blocks.

        Raises:
            StoreError: as `session`.
        """
        if self._file is None:
            self.rewrite()
        else:
            self._checkpoint("TRUNCATE")

    def rewrite(self) -> None:
        """Write the whole database anew. Nobody else can use it meanwhile. Blocks.

        Raises:
            StoreError: as `session`.
        """
        command = "VACUUM" if self._file is not None else "VACUUM (FULL)"
        with store_errors(), self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            if self._file is None:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(command))
            else:
                driver.execute(command).close()  # not within a transaction
        self._checkpoint("TRUNCATE")

    def close(self) -> None:
        """Close all connections."""
        self._changes.close()
        self._probes.dispose()
        self.engine.dispose()

    def _run(self, work: Callable[[Session], T], read_only: bool) -> T:
        with self.session(read_only=read_only) as session:
            return work(session)

    def _even_if_full(self, work: Callable[[], T]) -> T:
        """`work`, again after each thing that may give SQLite room for its log."""
        remedies = iter((self._restart_log, *[self._release_ballast] * PIECES))
        while True:
            try:
                return work()
            except StoreError as error:
                if not any(remedy(error) for remedy in remedies):
                    raise

    def _restart_log(self, error: StoreError) -> bool:
        """Write the log from its beginning, over what it has."""
        return error.code == "store_full" and self._checkpoint("RESTART")

    def _checkpoint(self, mode: str) -> bool:
        """Move what is in SQLite's log to the database; whether that was possible."""
        if self._file is None:
            return False
        try:
            with self.engine.connect() as connection:
                driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
                driver.execute(f"PRAGMA wal_checkpoint({mode})").close()  # not within a transaction
        except (SQLAlchemyError, sqlite3.Error):  # the database's file has no room to grow either, or is damaged
            return False
        return True

    def _release_ballast(self, _: StoreError) -> bool:
        """Whatever the error is: without room SQLite fails in several ways."""
        if self._ballast is None or not self._ballast.release():
            return False
        self._checkpoint("RESTART")  # the database may grow now: then the log need not
        return True

    @contextmanager
    def _noting_damage(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            self._damaged = self._damaged or is_damage(error)
            raise


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise error("invalid_settings.database_url")
    return parsed


def _create_engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=_THREADS,
            pool_pre_ping=True,  # a database that was restarted costs one ping, not one failed request
            connect_args={"connect_timeout": _CONNECT_SECONDS},
            hide_parameters=True,  # errors of the driver would quote them
        )
    return _listening(create_engine(url, hide_parameters=True, pool_size=_THREADS))


def _probing_engine(url: URL, engine: Engine) -> Engine:
    """A connection of SQLite's goes on answering from memory when its file is gone or spoilt; a new one does not."""
    if url.get_backend_name() != "sqlite":
        return engine
    return _listening(create_engine(url, hide_parameters=True, poolclass=NullPool))


def _listening(engine: Engine) -> Engine:
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _is_whole(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return True
    return connection.execute(text("PRAGMA quick_check(1)")).scalar() == "ok"


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred: two writers could then deadlock
    cursor = connection.cursor()
    for pragma in (
        *("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"),
        "secure_delete=ON",  # what is deleted is overwritten: nothing of it is left in free pages
        f"busy_timeout={_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock before they read, so that what they read still holds when they write."""
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
