"""Batches over a fake of what answers, and a runner that a test starts and stops."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kantu.service.actor import Actor
from kantu.service.batches.batch_files import creator_of
from kantu.service.batches.record import UNFINISHED, Batch
from kantu.service.batches.runner import BatchRunner
from kantu.service.batches.service import BatchService
from kantu.service.database import Database
from kantu.service.files.quota import Quota
from tests.service.actors import ALICE
from tests.service.admissions import admission_with
from tests.service.audits import LOG
from tests.service.clock import Clock
from tests.service.files.conftest import create, service, stream

Answer = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

QUOTA = Quota(tenant_files=100, tenant_bytes=2**23, total_bytes=2**24)


def request_line(custom_id: str, **body: Any) -> str:
    """One line of an input file."""
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", **body}}
    return json.dumps(line, ensure_ascii=False)


async def echo(key_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Answers at once."""
    await asyncio.sleep(0)
    return {"echo": body}


def as_json(answer: Answer) -> Callable[[Batch, dict[str, Any]], Awaitable[str]]:
    """What the runner is given: answers as they are sent."""

    async def encoded(batch: Batch, body: dict[str, Any]) -> str:
        return json.dumps(await answer(batch.key_id, body), ensure_ascii=False)

    return encoded


class Desk:
    """What a test does with batches."""

    def __init__(self, database: Database, folder: Path, clock: Clock, quota: Quota = QUOTA) -> None:
        self.database, self.clock, self.steady = database, clock, Clock(0.0)
        self.files = service(database, folder, quota, clock=clock)
        self.changes = 0
        self.batches = BatchService(database, self.files, LOG, self._change, clock=clock)

    async def submit(self, lines: Iterable[str], actor: Actor = ALICE) -> Batch:
        """Upload lines and start a batch over them."""
        data = "".join(f"{line}\n" for line in lines).encode()
        file = await create(self.files, actor, "in.jsonl", "batch", stream(data))
        return await self.batches.create(actor, file.id, "en")

    async def look(self, batch: Batch) -> Batch:
        """The batch as it is now."""
        return await self.batches.get(creator_of(batch), batch.id)

    def runner(
        self, answer: Answer = echo, *, concurrency: int = 4, lease_seconds: int = 60, most_bytes: int = 2**22
    ) -> BatchRunner:
        """A runner over the same store."""
        return BatchRunner(
            self.database,
            self.files,
            as_json(answer),
            concurrency=concurrency,
            most_lines=1000,
            most_depth=20,
            most_bytes=most_bytes,
            hold=admission_with().line_of_batch,
            lease_seconds=lease_seconds,
            poll_seconds=0.01,
            clock=self.clock,
            steady=self.steady,
        )

    @asynccontextmanager
    async def running(self, answer: Answer = echo, **options: int) -> AsyncIterator[BatchRunner]:
        """A runner at work within the block."""
        runner = self.runner(answer, **options)
        task = asyncio.create_task(runner.run())
        try:
            async with asyncio.timeout(60):
                yield runner
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def ended(self, *batches: Batch) -> list[Batch]:
        """Wait for some batches."""
        return [await self.until(batch, lambda now: now.status not in UNFINISHED) for batch in batches]

    async def until(self, batch: Batch, holds: Callable[[Batch], bool]) -> Batch:
        """Wait for a batch to be as wanted."""
        while not holds(now := await self.look(batch)):
            await asyncio.sleep(0.01)
        return now

    async def read(self, actor: Actor, file_id: str | None) -> list[dict[str, Any]]:
        """The lines of an output or error file."""
        if file_id is None:
            return []
        with await self.files.open(actor, file_id) as file:
            return [json.loads(line) for line in file]

    def _change(self) -> None:
        self.changes += 1


@pytest.fixture
def clock() -> Clock:
    return Clock(float(int(time.time())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def desk(database: Database, folder: Path, clock: Clock) -> Desk:
    return Desk(database, folder, clock)
