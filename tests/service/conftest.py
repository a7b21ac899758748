"""Fixtures of the service: every test that takes `database` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.settings import Settings
from tests.service.gateways import ScriptedEngine, gateway_over
from tests.service.postgres_server import PostgresServer, new_database
from tests.service.redis_server import RedisServer
from tests.service.small_disk import mount, unmount
from tests.service.time_left import TimeLeft


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this run's own, on a socket; skips where none is installed."""
    server = PostgresServer()
    try:
        server.start()
        yield server.url("%s")
    finally:
        server.remove()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database.sqlite(path)
    database.upgrade()
    database.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of a database with all tables, to copy; nobody may be connected to it."""
    with new_database(postgres_url) as url:
        database = Database(url)
        database.upgrade()
        database.close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with all tables."""
    if request.param == "sqlite":
        path = tmp_path / "kantu.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    template = make_url(request.getfixturevalue("migrated_postgres")).database
    with new_database(request.getfixturevalue("postgres_url"), template) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with all tables."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture
def sqlite(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Database]:
    """An empty SQLite database with all tables, where which database it is cannot matter."""
    path = tmp_path / "kantu.db"
    shutil.copy(migrated_sqlite, path)
    opened = Database.sqlite(path)
    yield opened
    opened.close()


@pytest.fixture
def make_gateway(tmp_path: Path, sqlite: Database) -> Callable[..., Gateway]:
    """(engine, settings) -> a gateway over them."""

    def make(engine: ScriptedEngine | None = None, settings: Settings | None = None) -> Gateway:
        return gateway_over(engine or ScriptedEngine(), tmp_path, sqlite, settings)

    return make


@pytest.fixture
def time_left(monkeypatch: pytest.MonkeyPatch) -> TimeLeft:
    """Ends deadlines when a test says so."""
    return TimeLeft(monkeypatch)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis to mistreat; skips where none is installed."""
    server = RedisServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder whose `home` is a file system of its own; skips where none can be mounted."""
    home = tmp_path / "home"
    home.mkdir()
    if not mount(home):
        pytest.skip("a file system cannot be mounted here")
    try:
        yield tmp_path
    finally:
        unmount(home)
