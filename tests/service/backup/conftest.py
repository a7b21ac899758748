"""Places that a service can keep its data in, on each database, and what a test puts there and finds again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import MetaData, select

from kantu.service.actor import Actor
from kantu.service.backup.sealing import Secret
from kantu.service.batches.repository import BatchItemRow
from kantu.service.database import Database
from kantu.service.files.quota import Quota
from kantu.service.files.record import FileRecord
from kantu.service.files.service import FileService
from kantu.service.home import prepare_home
from kantu.service.keys.service import KeyService
from tests.service.actors import ALICE
from tests.service.audits import LOG, write_key
from tests.service.batches.conftest import Desk, request_line
from tests.service.clock import Clock
from tests.service.files.conftest import create, service, stream
from tests.service.postgres_server import new_database

Kind = Literal["sqlite", "postgresql"]

QUOTA = Quota(tenant_files=1000, tenant_bytes=2**26, total_bytes=2**26)
KEY = Secret("key-file", bytes(range(32)))

_numbers = count()


def unrecorded(*_: object) -> None:
    """What a test has a backup or a restore leave in the audit."""


@dataclass(frozen=True)
class Place:
    """A home and the database beside it."""

    home: Path
    database: Database

    @property
    def files(self) -> FileService:
        return service(self.database, self.home / "files", QUOTA)

    @property
    def keys(self) -> KeyService:
        return KeyService(self.database, LOG)

    def upload(self, data: bytes, actor: Actor = ALICE) -> FileRecord:
        return asyncio.run(create(self.files, actor, "lines.jsonl", "batch", stream(data)))

    def fill(self, name: str = "mine") -> None:
        """A key, files, a batch with labels and a line that has its result, a first key, a task and the audit's key."""
        self.database.upgrade()
        self.keys.create(name)
        desk = Desk(self.database, self.home / "files", Clock(float(int(time.time()))))
        asyncio.run(_run_a_batch(desk))
        self.upload(f"内容 of {name}".encode())
        (self.home / "first-key").write_text(f"kt-{name}\n")
        write_key(self.home)
        (self.home / "tasks" / "mine").mkdir(parents=True, exist_ok=True)
        (self.home / "tasks" / "mine" / "card.yaml").write_text(f"name: {name}\n")

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in the database."""
        tables = MetaData()
        with self.database.engine.connect() as connection:
            tables.reflect(connection)
            return {
                name: [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for name, table in sorted(tables.tables.items())
            }

    def kept(self) -> dict[str, bytes]:
        """What a backup is to hold of the home."""
        folders = (self.home / name for name in ("files", "tasks", "audit"))
        paths = [*(path for folder in folders for path in folder.rglob("*")), self.home / "first-key"]
        return {str(path.relative_to(self.home)): path.read_bytes() for path in paths if path.is_file()}


async def _run_a_batch(desk: Desk) -> None:
    batch = await desk.submit([request_line("1"), request_line("2", text="“引号” 与 \\u0000 反斜线")])
    async with desk.running():
        await desk.ended(batch)
    begun = await desk.submit([request_line("3"), request_line("4")])
    with desk.database.session() as session:
        session.add(BatchItemRow(batch_id=begun.id, line=1, custom_id="3", status="succeeded", result='{"a": "看图"}'))


@contextmanager
def making_places(folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[Kind], Place]]:
    """(kind of database) -> a place without tables, in a folder."""
    with ExitStack() as made:

        def make(kind: Kind) -> Place:
            home = folder / f"home{next(_numbers)}"
            prepare_home(home)
            if kind == "sqlite":
                database = Database.sqlite(home / "kantu.db")
            else:
                database = Database(made.enter_context(new_database(request.getfixturevalue("postgres_url"))))
            made.callback(database.close)
            return Place(home, database)

        yield make


@pytest.fixture
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[Kind], Place]]:
    """(kind of database) -> a place without tables."""
    with making_places(tmp_path, request) as make:
        yield make


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Of the database that is backed up."""
    kind: Kind = request.param
    return kind


@pytest.fixture
def place(make_place: Callable[[Kind], Place], kind: Kind) -> Place:
    """One with data."""
    made = make_place(kind)
    made.fill()
    return made
