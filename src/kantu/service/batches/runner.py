"""Takes batches and sees each to its end, beside the interactive requests and at any time ready to be killed.

A line is done once its result is a row. Whoever takes a batch goes on with the lines that have none, so that what is
lost with a process are only the lines it was just working on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from kantu.errors import StoreError
from kantu.service.actor import Actor
from kantu.service.batches import leases
from kantu.service.batches.batch_files import BatchFiles
from kantu.service.batches.leases import Holder, LeaseLostError, Silence
from kantu.service.batches.pacing import FairSlots, Pause, backoff_seconds
from kantu.service.batches.record import Batch
from kantu.service.batches.work import BatchWork
from kantu.service.database import Database
from kantu.service.files.service import FileService

_log = logging.getLogger(__name__)

_BROKEN_AT_ONCE = 32  # each is a condition of a statement


@dataclass(eq=False)
class _Held:
    """A batch that this runner has the lease of."""

    batch: Batch
    work: BatchWork
    task: asyncio.Task[None] = field(init=False)


class BatchRunner:
    """Runs batches of all tenants within one process; other processes may run others. On one event loop.

    Args:
        answer: (batch, body of one of its lines) -> its answer as JSON; raises KantuError.
        concurrency: lines under way at once.
        most_lines, most_depth: of an input file, and of the JSON in it.
        most_bytes: of the results of one batch.
        hold: (actor, bytes of a line) -> holds them while the line is under way; raises OverloadedError.
        lease_seconds: after how long another runner takes over from one that is silent.
        poll_seconds: how often to look for new batches of other processes, and for cancelled ones.
        clock: unix seconds, for when the window of a batch ends.
        steady: seconds, never going back, for how long another runner is silent.
    """

    def __init__(
        self,
        database: Database,
        files: FileService,
        answer: Callable[[Batch, dict[str, Any]], Awaitable[str]],
        *,
        concurrency: int,
        most_lines: int,
        most_depth: int,
        most_bytes: int,
        hold: Callable[[Actor, int], AbstractAsyncContextManager[None]],
        lease_seconds: float = 30,
        poll_seconds: float = 1.0,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._files = BatchFiles(database, files, most_lines=most_lines, most_depth=most_depth)
        self._answer = answer
        self._concurrency, self._most_bytes, self._hold = concurrency, most_bytes, hold
        self._lease_seconds, self._poll_seconds = lease_seconds, poll_seconds
        self._clock, self._silence = clock, Silence(lease_seconds, steady)
        self._id = secrets.token_hex(12)
        self._held: dict[str, _Held] = {}
        self._failures: dict[str, int] = {}
        self._renew_at = 0.0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for work now: a batch is new, or was cancelled."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; batches under way are then free for others to take."""
        slots, pause = FairSlots(self._concurrency), Pause()
        try:
            while True:
                self._woken.clear()
                try:
                    await self._look(slots, pause)
                except StoreError as error:
                    _log.warning("batches cannot be looked for: %s", error.code)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._woken.wait()
        finally:
            await self._leave()

    async def _look(self, slots: FairSlots, pause: Pause) -> None:
        """Keep what is held, notice what others did to it, and take more."""
        await self._keep()
        busy = {held.batch.owner for held in self._held.values() if held.batch.status == "in_progress"}
        holder, at_work = self._holder(), set(self._held)
        others = await self._database.run(lambda session: leases.of_others(session, self._id), read_only=True)
        broken = self._silence.broken(others)[:_BROKEN_AT_ONCE]
        found = await self._database.run(
            lambda session: leases.claimable(session, holder, broken, at_work, busy), read_only=True
        )
        if not found:
            return
        for batch in await self._database.run(lambda session: leases.claim(session, found, holder, broken)):
            work = BatchWork(
                batch,
                self._database,
                self._files,
                self._answer,
                slots,
                pause,
                self._holder,
                self._most_bytes,
                self._hold,
            )
            held = _Held(batch, work)
            held.task = asyncio.create_task(self._serve(held), name=batch.id)
            self._held[batch.id] = held

    async def _keep(self) -> None:
        if not self._held:
            return
        loop_time = asyncio.get_running_loop().time()
        if loop_time >= self._renew_at:
            holder = self._holder()
            at_work = set(self._held)
            states = await self._database.run(lambda session: leases.renew(session, holder, at_work))
            self._renew_at = loop_time + self._lease_seconds / 3
        else:
            states = await self._database.run(lambda session: leases.held(session, self._id), read_only=True)
        for batch_id, held in list(self._held.items()):
            state = states.get(batch_id)
            if state is None:
                held.task.cancel()  # it has ended, or somebody else has it
            elif state == "cancelling" or held.batch.expires_at <= self._clock():
                held.work.stop()

    async def _serve(self, held: _Held) -> None:
        batch_id = held.batch.id
        try:
            await held.work.advance()
            self._failures.pop(batch_id, None)
        except LeaseLostError:
            _log.info("batch %s has changed or is another runner's", batch_id)
            await self._give_back(batch_id)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # the batch stays where it is, and is taken up again
            tries = self._failures[batch_id] = self._failures.get(batch_id, 0) + 1
            cause = error.code if isinstance(error, StoreError) else type(error).__name__  # words might quote a line
            _log.error("batch %s stopped: %s", batch_id, cause)
            await asyncio.sleep(backoff_seconds(tries))
            await self._give_back(batch_id)
        finally:
            self._held.pop(batch_id, None)
            self._woken.set()

    async def _give_back(self, batch_id: str) -> None:
        with contextlib.suppress(StoreError):  # the lease then runs out by itself
            await self._database.run(lambda session: leases.release(session, self._id, batch_id))

    async def _leave(self) -> None:
        tasks = [held.task for held in self._held.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(StoreError):
            await self._database.run(lambda session: leases.release(session, self._id))

    def _holder(self) -> Holder:
        return Holder(self._id, int(self._clock()))
