"""The files of batches: the input is checked and read, results become the output and the error file.

What these say of a line are OpenAI's shapes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from kantu.errors import KantuError, error
from kantu.service.actor import Actor
from kantu.service.batches import leases, lines
from kantu.service.batches.lines import Line, Place
from kantu.service.batches.record import Batch, Item, Problem
from kantu.service.database import Database
from kantu.service.errors import envelope, status_of
from kantu.service.files.record import FileRecord
from kantu.service.files.service import FileService
from kantu.service.language import Language
from kantu.service.threads import on_thread

# Of results; a longer line is read alone.
_READ_LINES = 500
_READ_CHARACTERS = 2**20


def creator_of(batch: Batch) -> Actor:
    """Who has made a batch, for its files and shares only: what a line may do, its key tells when its turn comes."""
    return Actor(batch.key_id, batch.owner, models=(), endpoints=())


class BatchFiles:
    """Reads and writes them on threads."""

    def __init__(self, database: Database, files: FileService, *, most_lines: int, most_depth: int) -> None:
        self._database, self._files = database, files
        self._most_lines, self._most_depth = most_lines, most_depth

    async def open(self, batch: Batch) -> BinaryIO:
        """The input, to read and close.

        Raises:
            NotFoundError: it has been deleted or has expired.
            StoreError: it cannot be read.
        """
        return await self._files.open(creator_of(batch), batch.input_file_id)

    async def check(self, batch: Batch, file: BinaryIO) -> tuple[int, Sequence[Problem]]:
        """The number of lines, and what is wrong with them."""
        return await on_thread(lambda: lines.check(file, batch.endpoint, self._most_lines, self._most_depth))

    async def places(self, file: BinaryIO) -> list[Place]:
        """Where the lines are."""
        return await on_thread(lambda: list(lines.places(file)))

    async def line(self, batch: Batch, file: BinaryIO, place: Place) -> Line:
        """One line. Raises InvalidRequestError where `check` would find something wrong with it."""
        return await on_thread(lambda: lines.parse(lines.read(file, place), batch.endpoint, self._most_depth))

    async def write(self, batch: Batch) -> tuple[FileRecord | None, FileRecord | None]:
        """The contents of the output and the error file; None where there is nothing to write.

        Raises:
            StoreError: the disk is full, or the database is away.
        """
        return await self._write(batch, succeeded=True), await self._write(batch, succeeded=False)

    def claim(self, session: Session, batch: Batch, size: int) -> None:
        """Count bytes of results as stored, which `add` turns into files, within a transaction of the caller's.

        Raises:
            InvalidRequestError: `storage_quota_exceeded`.
            StoreError: `store_full`.
        """
        self._files.claim(session, creator_of(batch), size)

    def add(self, session: Session, batch: Batch, records: Sequence[FileRecord], claimed: int) -> None:
        """Make written files exist, in place of the bytes that were claimed for them."""
        self._files.release(session, creator_of(batch), claimed)
        for record in records:
            self._files.add(session, record)

    async def _write(self, batch: Batch, *, succeeded: bool) -> FileRecord | None:
        if not await self._page(batch, succeeded, 0, most_lines=1):
            return None
        name = f"{batch.id}_{'output' if succeeded else 'error'}.jsonl"
        results = self._results(batch, succeeded)
        return await self._files.prepare(creator_of(batch), name, "batch_output", results, batch.output_seconds)

    async def _results(self, batch: Batch, succeeded: bool) -> AsyncIterator[bytes]:
        last = 0
        while page := await self._page(batch, succeeded, last):
            yield "".join(f"{result}\n" for _, result in page).encode()
            last = page[-1][0]

    async def _page(
        self, batch: Batch, succeeded: bool, after: int, *, most_lines: int = _READ_LINES
    ) -> list[tuple[int, str]]:
        work = partial(
            leases.results,
            batch_id=batch.id,
            succeeded=succeeded,
            after=after,
            most_lines=most_lines,
            most_characters=_READ_CHARACTERS,
        )
        return await self._database.run(work, read_only=True)


def answered(line: int, custom_id: str, body: str) -> Item:
    """A line that has its answer.

    Args:
        body: the answer as JSON, which may be long and is not read again.
    """
    around = _text(custom_id, _response(200, None), None)
    before, after = around.rsplit('"body":null', 1)  # behind it only what is written here
    return Item(line, custom_id, True, f'{before}"body":{body}{after}')


def failed(line: int, custom_id: str, failure: KantuError, language: Language) -> Item:
    """A line that was refused or went wrong; `body` is what an HTTP client would have read."""
    response = _response(status_of(failure), envelope(failure, language))
    return Item(line, custom_id, False, _text(custom_id, response, None))


def never_run(line: int, custom_id: str, language: Language) -> Item:
    """A line whose turn did not come before the window ended."""
    expired = error("batch_expired")
    message = expired.message if language == "zh" else expired.message_en
    return Item(line, custom_id, False, _text(custom_id, None, {"code": expired.code, "message": message}))


def _response(status: int, body: dict[str, Any] | None) -> dict[str, Any]:
    return {"status_code": status, "request_id": f"req_{secrets.token_hex(12)}", "body": body}


def _text(custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> str:
    line = {
        "id": f"batch_req_{secrets.token_hex(12)}",
        "custom_id": custom_id,
        "response": response,
        "error": error,
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
