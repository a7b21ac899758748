"""kill -9 in the middle of a batch: nothing is lost, and nothing that was recorded is done again."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kantu.service.batches.record import UNFINISHED, Batch
from kantu.service.database import Database
from tests.service.actors import ALICE
from tests.service.batches.conftest import Desk, request_line
from tests.service.batches.mortal import CONCURRENCY
from tests.service.clock import Clock
from tests.service.files.conftest import contents
from tests.service.warm import Started, start

pytestmark = pytest.mark.whole

LINES = 60
_GUARD_SECONDS = 60


def _submit(desk: Desk) -> Batch:
    desk.clock.now = time.time()
    return asyncio.run(desk.submit(request_line(f"r{number}", number=number) for number in range(LINES)))


def _start(url: str, folder: Path, log: Path, *options: str) -> Started:
    with log.with_name("said").open("ab") as said:
        return start(
            *(url, str(folder), str(log), *options),
            module="tests.service.batches.mortal",
            cwd=log.parent,
            environment=os.environ,
            output=said,
        )


def _executed(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def _kill_after(process: Started, log: Path, lines: int) -> None:
    """Kill it once it has executed some more lines."""
    goal, end = len(_executed(log)) + lines, time.monotonic() + _GUARD_SECONDS
    while len(_executed(log)) < goal:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    process.kill()
    process.wait()


def _run_to_the_end(desk: Desk, batch: Batch, process: Started) -> tuple[Batch, list[dict[str, Any]]]:
    async def wait() -> tuple[Batch, list[dict[str, Any]]]:
        async with asyncio.timeout(_GUARD_SECONDS):
            ended = await desk.until(batch, lambda now: now.status not in UNFINISHED)
        return ended, await desk.read(ALICE, ended.output_file_id)

    try:
        return asyncio.run(wait())
    finally:
        process.kill()
        process.wait()


def test_killed_again_and_again_every_line_has_exactly_one_result(
    database: Database, database_url: str, desk: Desk, folder: Path, tmp_path: Path
) -> None:
    log, kills = tmp_path / "executed", (5, 1, 14)
    batch = _submit(desk)
    for lines in kills:
        _kill_after(_start(database_url, folder, log), log, lines)
    ended, output = _run_to_the_end(desk, batch, _start(database_url, folder, log))

    assert (ended.status, ended.total, ended.completed, ended.failed) == ("completed", LINES, LINES, 0)
    assert [line["custom_id"] for line in output] == [f"r{number}" for number in range(LINES)]
    assert [line["response"]["body"]["number"] for line in output] == list(range(LINES))
    executed = Counter(_executed(log))
    assert sorted(executed) == list(range(LINES))
    repeated = executed.total() - LINES  # lines that were under way at a kill
    assert repeated <= len(kills) * CONCURRENCY


def test_killed_between_the_files_and_the_end_there_is_one_output_file(
    database: Database, database_url: str, desk: Desk, folder: Path, tmp_path: Path, clock: Clock
) -> None:
    log = tmp_path / "executed"
    batch = _submit(desk)
    process = _start(database_url, folder, log, "--at-the-end")
    assert process.wait(_GUARD_SECONDS) < 0
    between = asyncio.run(desk.look(batch))
    assert (between.status, between.completed, between.output_file_id) == ("finalizing", LINES, None)
    ended, output = _run_to_the_end(desk, batch, _start(database_url, folder, log))

    assert ended.status == "completed"
    assert [line["custom_id"] for line in output] == [f"r{number}" for number in range(LINES)]
    assert Counter(_executed(log)) == dict.fromkeys(range(LINES), 1)
    files, _ = asyncio.run(desk.files.list(ALICE, purpose="batch_output", after=None, limit=9, order="asc"))
    assert [file.id for file in files] == [ended.output_file_id]
    assert len(contents(folder)) == 3  # the input, the output, and one that the sweeper will find
