"""When a line of a batch may start: tenants take turns, a batch may pause, and what failed may be tried again."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from kantu.errors import (
    CancelledError,
    EngineError,
    KantuError,
    LimitExceededError,
    OverloadedError,
    StoreError,
    UpstreamError,
)
from kantu.service.batches.lines import Place

_LONGEST_SECONDS = 60.0
_SHORTEST_SECONDS = 0.5

# Failures that may be the line's own doing, such as one that the engine dies of: tried so often, then recorded.
_MOST_TRIES = {"engine": 3, "upstream": 20}
_UPSTREAM_AWAY = ("upstream_unreachable", "upstream_unauthorized")
_FINAL = ("upstream_filtered",)


class FairSlots:
    """However much one tenant asks for, another waits for at most one slot of every other tenant. On one event loop."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # in the order of their turns

    async def acquire(self, tenant: str) -> None:
        """Take a slot; pair with `release`."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was given a slot that it will not use
                self.release()
            raise

    def release(self) -> None:
        """Give a slot to the tenant whose turn it is."""
        while self._waiting:
            tenant, turns = next(iter(self._waiting.items()))
            del self._waiting[tenant]
            turn = turns.popleft()
            if turns:
                self._waiting[tenant] = turns  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Pause:
    """A time until which nothing is started. On one event loop."""

    def __init__(self) -> None:
        self._until = 0.0

    def prolong(self, seconds: float) -> None:
        """At least `seconds` from now."""
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)

    @property
    def seconds_left(self) -> float:
        """0 if there is no pause."""
        return max(0.0, self._until - asyncio.get_running_loop().time())


class Pending:
    """Gives out lines one by one; each is given back as done, or to be tried again. On one event loop.

    Args:
        pauses: while any of them lasts, no line is given out.
    """

    def __init__(self, places: Iterable[Place], *pauses: Pause) -> None:
        self._waiting = deque(places)
        self._pauses = pauses
        self._in_flight = 0
        self._stopped = False
        self._changed = asyncio.Event()
        self._tries: Counter[int] = Counter()

    @property
    def held_up(self) -> bool:
        """Whether no line may start now."""
        return self._stopped or self._pause_seconds > 0

    async def next(self) -> Place | None:
        """The next line, as soon as one may start; None once all are done or `stop` was called."""
        while not self._stopped:
            pause = self._pause_seconds
            if self._waiting and not pause:
                self._in_flight += 1
                return self._waiting.popleft()
            if not self._waiting and not self._in_flight:
                return None
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause or None):
                    await self._changed.wait()
        return None

    def done(self, place: Place) -> None:
        """Its result is recorded."""
        self._tries.pop(place.number, None)
        self._in_flight -= 1
        self._changed.set()

    def count_try(self, place: Place) -> int:
        """How often it has been tried, this time included."""
        self._tries[place.number] += 1
        return self._tries[place.number]

    def again(self, place: Place, *, last: bool) -> None:
        """It was not answered: it is the next one again, or the last one."""
        self._in_flight -= 1
        if last:
            self._waiting.append(place)
        else:
            self._waiting.appendleft(place)
        self._changed.set()

    def stop(self) -> None:
        """Give out no more lines."""
        self._stopped = True
        self._changed.set()

    @property
    def _pause_seconds(self) -> float:
        return max(pause.seconds_left for pause in self._pauses)


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `seconds`.

    Attributes:
        whose: who waits: `all` batches, or the `batch`, because its key has used up a limit or its lines keep failing.
    """

    seconds: float
    whose: Literal["all", "batch"]


def wait_for(error: KantuError, tries: int) -> Wait | None:
    """What to do about a line that failed for the `tries`-th time; None is to record the failure."""
    if isinstance(error, LimitExceededError) and math.isinf(error.retry_after_seconds):  # larger than the whole limit
        return None
    if isinstance(error, LimitExceededError):  # until the minute or the day is over
        return Wait(max(_SHORTEST_SECONDS, error.retry_after_seconds), "batch")
    if isinstance(error, OverloadedError):
        return Wait(min(max(_SHORTEST_SECONDS, error.retry_after_seconds), _LONGEST_SECONDS), "all")
    if isinstance(error, StoreError | CancelledError) or error.code in _UPSTREAM_AWAY:
        return Wait(backoff_seconds(tries), "all")
    if error.code in _FINAL:
        return None
    if isinstance(error, UpstreamError) and tries < _MOST_TRIES["upstream"]:
        return Wait(backoff_seconds(tries), "batch")
    if isinstance(error, EngineError) and tries < _MOST_TRIES["engine"]:
        return Wait(backoff_seconds(tries), "all")
    return None


def backoff_seconds(tries: int) -> float:
    """1, 2, 4 ... 60 seconds."""
    return float(min(2 ** min(tries - 1, 10), _LONGEST_SECONDS))
