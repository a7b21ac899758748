"""Sessions, on threads: SQLite has no other way, and a thread costs less than a second driver for each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from kantu.errors import InvalidRequestError, StoreError
from kantu.service.database.changes import Changes
from kantu.service.database.migrate import upgrade
from kantu.service.threads import on_thread

T = TypeVar("T")

_THREADS = 8  # and as many connections
_BUSY_MILLISECONDS = 5000
_CONNECT_SECONDS = 3


class Database:
    """One database, used from any thread.

    Args:
        url: SQLAlchemy's; `postgresql://` takes psycopg.

    Raises:
        InvalidRequestError: `invalid_settings`: not a URL of SQLite or PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        self._readers = self.engine.execution_options(read_only=True)
        self._threads: CapacityLimiter | None = None
        self._changes = Changes(self.engine.url)

    @classmethod
    def sqlite(cls, path: Path) -> Database:
        """The database in one file, which is made where there is none, readable by its owner only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return cls(f"sqlite:///{path}")

    def upgrade(self) -> None:
        """Bring the tables to what this version of the code needs."""
        with _store_errors():
            upgrade(self.engine)

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back on an exception.

        Args:
            read_only: nothing will be written; on SQLite such transactions wait for nobody.

        Raises:
            StoreError: `store_unavailable`: the database cannot be reached, is locked or full.
        """
        engine = self._readers if read_only else self.engine
        with _store_errors(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def run(self, work: Callable[[Session], T], *, read_only: bool = False) -> T:
        """`work` in a transaction of its own, on a thread. What it or `session` raises is raised here."""
        if self._threads is None:
            self._threads = CapacityLimiter(_THREADS)
        return await on_thread(partial(self._run, work, read_only), self._threads)

    def version(self) -> int | None:
        """A number that is another one as soon as anybody has committed anything, this process or another one.

        None where the database would have to be asked. For the event loop: it waits for nothing.
        """
        return self._changes.version()

    def ping(self) -> None:
        """Raise StoreError unless the database answers."""
        with self.session(read_only=True) as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self._changes.close()
        self.engine.dispose()

    def _run(self, work: Callable[[Session], T], read_only: bool) -> T:
        with self.session(read_only=read_only) as session:
            return work(session)


def _create_engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed is not None else ""
    if parsed is None or backend not in ("sqlite", "postgresql"):
        raise InvalidRequestError(
            "invalid_settings",
            "设置有误：store.database_url 必须是 SQLite 或 PostgreSQL 的网址。",
            "Invalid settings: store.database_url must be a URL of SQLite or PostgreSQL.",
            param="store.database_url",
        )
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=_THREADS,
            pool_pre_ping=True,  # a database that was restarted costs one ping, not one failed request
            connect_args={"connect_timeout": _CONNECT_SECONDS},
            hide_parameters=True,  # errors of the driver would quote them
        )
    engine = create_engine(parsed, hide_parameters=True, pool_size=_THREADS)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred: two writers could then deadlock
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MILLISECONDS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock before they read, so that what they read still holds when they write."""
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        lost = isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
        if not lost and not isinstance(error, PoolTimeoutError):
            raise
        raise StoreError(  # the library's error may hold an address or a statement
            "store_unavailable",
            "数据库暂时不可用，请稍后重试。",
            "The database cannot be used at the moment; try again later.",
        ) from None
