"""Refusals cost whoever causes them nothing: so many a minute are written one by one, the rest is counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

_SECONDS = 60.0
_MOST = 300
_MOST_OF_ONE = 30


class Refusals:
    """Otherwise anybody could fill the disk without a key. Used on the event loop only.

    Attributes:
        left_out: refusals that were only counted, and whose count nothing tells yet.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, most: int = _MOST, most_of_one: int = _MOST_OF_ONE
    ) -> None:
        self._clock, self._most, self._most_of_one = clock, most, most_of_one
        self._written: Counter[str] = Counter()
        self._since = clock()
        self.left_out = 0

    def admit(self, who: str) -> bool:
        """Whether one more of `who`'s is written.

        Args:
            who: an actor, or an address.
        """
        now = self._clock()
        if now - self._since >= _SECONDS:
            self._written.clear()
            self._since = now
        if self._written[who] >= self._most_of_one or self._written.total() >= self._most:
            self.left_out += 1
            return False
        self._written[who] += 1
        return True

    def take_left_out(self) -> int:
        """How many were left out before this one, which tells it."""
        count, self.left_out = self.left_out, 0
        return count
