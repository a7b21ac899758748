"""A process that runs batches until it is killed. Its arguments are URL FOLDER LOG [OPTION].

It writes the number of every line that it executes to LOG, first thing. With `--at-the-end` it kills itself when the
files of a batch are written and the transaction that makes them exist is about to be committed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from kantu.service.batches import leases
from kantu.service.batches.record import Batch
from kantu.service.batches.runner import BatchRunner
from kantu.service.database import Database
from tests.service.admissions import admission_with
from tests.service.batches.conftest import QUOTA
from tests.service.files.conftest import service

CONCURRENCY = 3


def main() -> None:
    url, folder, log, *options = sys.argv[1:]
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def answer(batch: Batch, body: dict[str, Any]) -> str:
        os.write(written, f"{body['number']}\n".encode())
        await asyncio.sleep(0.02)
        return json.dumps({"number": body["number"]})

    if "--at-the-end" in options:
        finish = leases.finish

        def die(*arguments: Any, **named: Any) -> None:
            finish(*arguments, **named)
            os.kill(os.getpid(), signal.SIGKILL)

        leases.finish = die
    database = Database(url)
    files = service(database, Path(folder), QUOTA)
    runner = BatchRunner(
        database,
        files,
        answer,
        concurrency=CONCURRENCY,
        most_lines=1000,
        most_depth=20,
        most_bytes=2**20,
        hold=admission_with().line_of_batch,
        lease_seconds=1,
        poll_seconds=0.05,
    )
    asyncio.run(runner.run())
