"""The lines of one batch that are still to do, and when."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress

from kantu.service.batches.lines import Place


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
