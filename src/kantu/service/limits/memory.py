"""Counters in this process. The `limits` library's own go by the wall clock, and forget when it is set ahead."""

from __future__ import annotations

from collections.abc import Callable

_SWEEP_SECONDS = 60.0


class MemoryCounters:
    """Counters by name. On one event loop.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counters: dict[str, tuple[int, float]] = {}  # value, and when it ends
        self._sweep_at = clock() + _SWEEP_SECONDS

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter, a new one if there is none or it has ended; its value now.

        Args:
            expiry: seconds for which a new one is kept.
            amount: may be negative.
        """
        now = self._clock()
        if now >= self._sweep_at:
            self._counters = {name: kept for name, kept in self._counters.items() if kept[1] > now}
            self._sweep_at = now + _SWEEP_SECONDS
        value, ends_at = self._counters.get(key, (0, 0.0))
        if ends_at <= now:
            value, ends_at = 0, now + expiry
        self._counters[key] = (value + amount, ends_at)
        return value + amount
