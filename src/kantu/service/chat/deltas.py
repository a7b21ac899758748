"""One request under way: the engine's callbacks as an async iterator."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from kantu.engine.protocol import Engine, Handle
from kantu.engine.request import Delta, Request
from kantu.errors import KantuError

MOST_AT_ONCE = 32
"""Deltas that are given out without letting others have the loop; each takes its reader up to a tenth of a ms."""


class Deltas:
    """The deltas of all answers of one request. Leaving the block early cancels it.

    Raises:
        KantuError: what the engine refuses at once.
    """

    def __init__(self, engine: Engine, request: Request) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[Delta | KantuError] = deque()
        self._come = asyncio.Event()
        self._called = False  # the loop has been told, and has not looked yet
        self._open = request.sampling.n
        self._handle: Handle = engine.submit(request, self._listen)

    async def __aenter__(self) -> Deltas:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._open:
            self._handle.cancel()
            self._open = 0
            self._items.clear()

    async def __aiter__(self) -> AsyncIterator[Delta]:
        """What is left, to the last delta of the last answer. Errors of the engine are raised."""
        given = 0
        while self._open:
            while not self._items:
                given = 0
                self._come.clear()
                await self._come.wait()
            if given == MOST_AT_ONCE:  # its reader was slow, and much has come meanwhile
                given = 0
                await asyncio.sleep(0)
            given += 1
            item = self._items.popleft()
            if isinstance(item, KantuError):
                self._open = 0
                raise item
            self._open -= item.end is not None
            yield item

    def _listen(self, item: Delta | KantuError) -> None:
        """On the engine's thread. A loop that has closed has nobody left who waits."""
        if not self._open:  # left early; the engine may not have heard of it yet
            return
        self._items.append(item)
        if not self._called and not self._loop.is_closed():  # what comes before the loop looks is one call together
            self._called = True
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        self._called = False  # first: what comes from here on calls again
        self._come.set()
