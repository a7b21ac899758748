"""When a process that is alive counts as hung."""

from __future__ import annotations

from kantu.engine.metrics import Stats

_PROGRESS = ("steps", "requests_finished", "requests_failed", "requests_cancelled")


class Watchdog:
    """Judges one process, tick by tick.

    Ticks are counted and no clock is read: a parent that was itself stopped for a while has not waited.

    Args:
        limit: so many ticks in a row without a sign of life, or without progress of what runs, are too many.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._silent = 0
        self._stuck = 0
        self._progress: tuple[int, ...] | None = None

    def hung(self, answered: bool, stats: Stats) -> bool:
        """Whether that is the case now. To be called once a tick.

        Args:
            answered: the last ping has been answered.
            stats: the latest snapshot.
        """
        progress = tuple(stats.counters.get(name, 0) for name in _PROGRESS)
        idle = not stats.gauges.get("running", 0)
        self._stuck = 0 if idle or progress != self._progress else self._stuck + 1
        self._silent = 0 if answered else self._silent + 1
        self._progress = progress
        return max(self._stuck, self._silent) >= self._limit
