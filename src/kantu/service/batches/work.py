"""One batch, from where it is to its end, by the runner that holds it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

import anyio

from kantu.errors import InvalidRequestError, KantuError, NotFoundError, StoreError, error
from kantu.service.actor import Actor
from kantu.service.batches import leases
from kantu.service.batches.batch_files import BatchFiles, answered, creator_of, failed, never_run
from kantu.service.batches.leases import Holder, LeaseLostError
from kantu.service.batches.lines import Place
from kantu.service.batches.pacing import FairSlots, Pause, Pending, backoff_seconds, wait_for
from kantu.service.batches.record import TASKS, Batch, Endpoint, Item, Problem, Status
from kantu.service.database import Database
from kantu.service.permissions import check

_log = logging.getLogger(__name__)

_RECORDED_AT_ONCE = 100


@dataclass(frozen=True)
class LineAnswerer:
    """Answers a line like a request over HTTP by the key that made the batch, as that key is now.

    Attributes:
        actor: id of a key -> who holds it; raises AuthenticationError if it has been revoked or has expired.
        admit: counts one request of an actor's; raises LimitExceededError.
        complete: (actor, endpoint, body) -> answer as JSON, for an actor that has been admitted.
    """

    actor: Callable[[str], Awaitable[Actor]]
    admit: Callable[[Actor], Awaitable[None]]
    complete: Callable[[Actor, Endpoint, dict[str, Any]], Awaitable[str]]

    async def __call__(self, batch: Batch, body: dict[str, Any]) -> str:
        """The answer to one body. Raises whatever is wrong with the key, its limits, the body or the engine."""
        actor = await self.actor(batch.key_id)
        check(actor, "create", "tasks" if batch.endpoint.startswith(TASKS) else "chat")
        await self.admit(actor)
        return await self.complete(actor, batch.endpoint, body)


class BatchWork:
    """What a runner does about one batch. On one event loop.

    Args:
        answer: (batch, body of one of its lines) -> its answer as JSON.
        slots: shared by all batches; a line under way holds one.
        pause: of all batches.
        holder: the runner, now.
        most_bytes: of its results. Where there are more, or the tenant's quota is used up, it fails and keeps what
            there is.
    """

    def __init__(
        self,
        batch: Batch,
        database: Database,
        files: BatchFiles,
        answer: Callable[[Batch, dict[str, Any]], Awaitable[str]],
        slots: FairSlots,
        pause: Pause,
        holder: Callable[[], Holder],
        most_bytes: int,
        hold: Callable[[Actor, int], AbstractAsyncContextManager[None]],
    ) -> None:
        self._batch = batch
        self._database, self._files, self._answer = database, files, answer
        self._slots, self._holder, self._most_bytes, self._hold = slots, holder, most_bytes, hold
        self._all_pause, self._own_pause = pause, Pause()
        self._pending: Pending | None = None
        self._turn = anyio.CancelScope()
        self._stopped = False
        self._overflow: InvalidRequestError | None = None

    def stop(self) -> None:
        """Start no more lines: it was cancelled, or its window is over."""
        self._stopped = True
        if self._pending is not None:
            self._pending.stop()
        self._turn.cancel()  # lines of others that wait for room on the disk may have all slots

    async def advance(self) -> None:
        """Check it, or run it to its end. Afterwards the lease has been given back.

        Raises:
            LeaseLostError: another runner has it, or it was cancelled at the last moment; look at it again.
            StoreError: the database or the disk is away; try again later.
        """
        try:
            if self._batch.status == "validating" and not self._is_over:
                await self._validate()
                return
            if self._batch.status == "in_progress" and not self._is_done and not self._is_over:
                await self._run_lines()
                if self._overflow is not None and self._batch.status == "in_progress":
                    await self._finish("failed", [Problem.of(self._overflow)])
        except NotFoundError:
            await self._finish("failed", [Problem.of(error("input_file_gone"))])
        if self._batch.status == "cancelling":
            await self._finish("cancelled")
        elif self._batch.status == "finalizing" or (self._batch.status == "in_progress" and self._is_done):
            await self._complete()
        elif self._batch.status in ("validating", "in_progress") and self._is_over:
            await self._expire()

    @property
    def _is_over(self) -> bool:
        return self._batch.expires_at <= self._holder().now

    @property
    def _is_done(self) -> bool:
        return self._batch.completed + self._batch.failed >= self._batch.total

    async def _validate(self) -> None:
        with await self._files.open(self._batch) as file:
            total, problems = await self._files.check(self._batch, file)
        if problems:
            await self._finish("failed", problems)
            return
        await self._write(partial(leases.start, holder=self._holder(), batch_id=self._batch.id, total=total))

    async def _run_lines(self) -> None:
        with await self._files.open(self._batch) as file:
            pending = self._pending = Pending(await self._left(file), self._all_pause, self._own_pause)
            if self._stopped:
                pending.stop()
            async with asyncio.TaskGroup() as lines:
                while (place := await pending.next()) is not None:
                    with anyio.CancelScope() as self._turn:
                        await self._slots.acquire(self._batch.owner)
                    if self._turn.cancelled_caught:
                        break
                    if pending.held_up:  # something happened while it waited for its turn
                        self._slots.release()
                        pending.again(place, last=False)
                        continue
                    line = lines.create_task(self._line(file, pending, place))
                    line.add_done_callback(lambda _: self._slots.release())  # also where it never began
        await self._reload()

    async def _left(self, file: BinaryIO) -> list[Place]:
        """The lines that have no result."""
        done = await self._database.run(partial(leases.recorded, batch_id=self._batch.id), read_only=True)
        return [place for place in await self._files.places(file) if place.number not in done]

    async def _line(self, file: BinaryIO, pending: Pending, place: Place) -> None:
        item = await self._result(file, pending, place)
        if item is None:
            return
        try:
            await self._record([item])
        except LeaseLostError:
            pending.stop()  # `_reload` will find out why
        except InvalidRequestError as error:
            self._overflow = error
            pending.stop()
        pending.done(place)

    async def _result(self, file: BinaryIO, pending: Pending, place: Place) -> Item | None:
        """The result of a line; None where it has gone back to be tried again."""
        custom_id = ""
        try:
            async with self._hold(creator_of(self._batch), place.length):
                line = await self._files.line(self._batch, file, place)
                custom_id = line.custom_id
                return answered(place.number, custom_id, await self._answer(self._batch, line.body))
        except KantuError as failure:
            wait = wait_for(failure, pending.count_try(place))
            if wait is None:
                return failed(place.number, custom_id, failure, self._batch.language)
            (self._all_pause if wait.whose == "all" else self._own_pause).prolong(wait.seconds)
            pending.again(place, last=wait.whose == "batch")
            return None
        except Exception as failure:  # a defect of ours fails one line; its words might quote the line
            _log.error("line %d of batch %s failed: %s", place.number, self._batch.id, type(failure).__name__)
            return failed(place.number, custom_id, error("internal_error"), self._batch.language)

    async def _record(self, items: Sequence[Item]) -> None:
        """Keep results, however long the database is away or the disk is full: the work is done.

        Raises:
            InvalidRequestError: there may not be so many; nothing has been kept.
        """
        tries = 0
        while True:
            work = partial(
                leases.record,
                holder=self._holder(),
                batch_id=self._batch.id,
                items=items,
                most_bytes=self._most_bytes,
                claim_bytes=lambda session, size: self._files.claim(session, self._batch, size),
            )
            try:
                await self._write(work)
                return
            except StoreError as error:
                if self._stopped and error.code == "store_full":  # its end does not wait for room that may never come
                    return
                tries += 1
                await asyncio.sleep(backoff_seconds(min(tries, 3)))

    async def _complete(self) -> None:
        if self._batch.status == "in_progress":
            await self._write(partial(leases.finalize, holder=self._holder(), batch_id=self._batch.id))
            await self._reload()
        await self._finish("completed")

    async def _expire(self) -> None:
        """Lines whose turn did not come are told so, as far as the input is still there."""
        if self._batch.status == "in_progress":
            try:
                with await self._files.open(self._batch) as file:
                    await self._record_never_run(file)
            except NotFoundError:
                _log.info("the input of batch %s is gone", self._batch.id)
        await self._finish("expired")

    async def _record_never_run(self, file: BinaryIO) -> None:
        left = iter(await self._left(file))
        while places := list(islice(left, _RECORDED_AT_ONCE)):
            ids = [await self._custom_id(file, place) for place in places]
            language = self._batch.language
            items = [never_run(place.number, name, language) for place, name in zip(places, ids, strict=True)]
            try:
                await self._record(items)
            except InvalidRequestError as error:  # no room is left to say it of every line
                _log.info("lines of batch %s are left out: %s", self._batch.id, error.code)
                return

    async def _custom_id(self, file: BinaryIO, place: Place) -> str:
        try:
            return (await self._files.line(self._batch, file, place)).custom_id
        except InvalidRequestError:  # the limits were other ones when it was checked
            return ""

    async def _finish(self, status: Status, problems: Sequence[Problem] = ()) -> None:
        output, errors = await self._files.write(self._batch)
        await self._write(
            partial(
                leases.finish,
                holder=self._holder(),
                batch=self._batch,
                status=status,
                output_file_id=None if output is None else output.id,
                error_file_id=None if errors is None else errors.id,
                problems=problems,
                also=lambda session, claimed: self._files.add(
                    session, self._batch, [file for file in (output, errors) if file is not None], claimed
                ),
            )
        )
        self._batch = await self._database.run(partial(leases.look, batch_id=self._batch.id), read_only=True)

    async def _reload(self) -> None:
        holder_id = self._holder().id
        work = partial(leases.look, batch_id=self._batch.id, holder_id=holder_id)
        self._batch = await self._database.run(work, read_only=True)

    async def _write(self, work: Callable[..., None]) -> None:
        await self._database.run(work)
