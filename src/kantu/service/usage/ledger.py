"""Counts what is used, and adds it to the database a few times a minute: requests do not wait for the disk."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from kantu.errors import StoreError
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.threads import on_thread
from kantu.service.usage import repository
from kantu.service.usage.repository import Spender, Spent

_log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0  # what a killed process may lose

_MOST_WAITING = 10_000  # kinds of counts, while the database is away


class UsageLedger:
    """Used from any thread.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock
        self._lock = threading.Lock()
        self._counts: dict[Spender, Spent] = {}

    def count(self, actor: Actor, task: str, model: str, *, visual_tokens: int, output_tokens: int) -> None:
        """Count one request and what it has used. Never fails, never waits."""
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        self._add({Spender(day, actor.tenant, actor.key_id, task, model): Spent(1, visual_tokens, output_tokens)})

    def write(self) -> None:
        """Add what was counted to the database. Where that fails it is kept for the next time. Blocks.

        Raises:
            StoreError: the database is away.
        """
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            with self._database.session() as session:
                repository.add(session, counts)
        except BaseException:
            self._add(counts)
            raise

    def _add(self, counts: dict[Spender, Spent]) -> None:
        with self._lock:
            for spender, spent in counts.items():
                if spender in self._counts or len(self._counts) < _MOST_WAITING:
                    self._counts[spender] = self._counts.get(spender, Spent()) + spent


async def write_usage_forever(ledger: UsageLedger, every_seconds: float = WRITE_SECONDS) -> None:
    """Write every so often, until cancelled. A store that is away is tried again the next time."""
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await on_thread(ledger.write)
        except StoreError as failure:
            _log.warning("usage could not be written", extra={"code": failure.code})
