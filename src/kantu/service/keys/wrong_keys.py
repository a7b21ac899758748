"""Makes trying keys slow: each further wrong key of one address, or with one beginning, is answered later.

A good key never comes here: it is looked up first, and its holder waits for nobody's mistakes.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kantu.errors import error
from kantu.service.http.addresses import client_of

_FREE = 5  # a typing mistake, or a client that has not heard of its new key
_FIRST_SECONDS = 0.1
_MOST_SECONDS = 5.0
_FORGET_SECONDS = 10.0  # in which one wrong key is forgotten
_MOST_REMEMBERED = 20  # so that an address is as good as new after some minutes, whatever came from it
_MOST_SOURCES = 4096
_MOST_WAITING = 64
_MOST_WAITING_OF_ONE = 8


@dataclass(slots=True)
class _Tries:
    count: float
    at: float  # by the monotonic clock


class WrongKeys:
    """Belongs to one event loop. Remembers a bounded number of addresses and beginnings of keys.

    Args:
        clock: seconds that never go back.
        sleep: waits so many seconds.

    Attributes:
        total: wrong keys so far.
        waiting: those whose answer is held back now.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._tries: OrderedDict[str, _Tries] = OrderedDict()  # the longest untouched first
        self._waiting_of: Counter[str] = Counter()
        self.total = 0
        self.waiting = 0

    async def delay(self, address: str | None, hint: str | None) -> None:
        """Note a wrong key, and return when its sender may hear of it.

        Args:
            address: of the client, where it is known.
            hint: how the key begins (`api_key.hint_of`), where it has the form of one.

        Raises:
            LimitExceededError: `too_many_wrong_keys`, at once, where enough others wait already.
        """
        self.total += 1
        client = None if address is None else client_of(address)
        sources = [f"{kind} {value}" for kind, value in (("from", client), ("like", hint)) if value is not None]
        seconds = max(map(self._note, sources), default=0.0)
        if not seconds:
            return
        if self.waiting >= _MOST_WAITING or any(self._waiting_of[source] >= _MOST_WAITING_OF_ONE for source in sources):
            raise error("too_many_wrong_keys", retry_after_seconds=seconds)
        self._wait(sources, 1)
        try:
            await self._sleep(seconds)
        finally:
            self._wait(sources, -1)

    def _note(self, source: str) -> float:
        """The seconds that this try of `source` costs."""
        now = self._clock()
        tries = self._tries.pop(source, None) or _Tries(0.0, now)
        tries.count = min(_MOST_REMEMBERED, max(0.0, tries.count - (now - tries.at) / _FORGET_SECONDS) + 1)
        tries.at = now
        self._tries[source] = tries
        if len(self._tries) > _MOST_SOURCES:
            self._tries.popitem(last=False)
        over = tries.count - _FREE
        return min(_MOST_SECONDS, _FIRST_SECONDS * 2 ** (over - 1)) if over > 0 else 0.0

    def _wait(self, sources: Sequence[str], change: int) -> None:
        self.waiting += change
        for source in sources:
            self._waiting_of[source] += change
            if not self._waiting_of[source]:
                del self._waiting_of[source]
