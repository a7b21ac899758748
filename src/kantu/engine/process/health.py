"""When a child process counts as hung, and how long to wait before the next one is started."""

from __future__ import annotations

from typing import Literal

from kantu.engine.metrics import Stats

_PROGRESS = ("steps", "requests_finished", "requests_failed", "requests_cancelled")

Verdict = Literal["well", "unresponsive", "silent", "stuck"]


class Watchdog:
    """Judges one process, tick by tick, from its first moment on.

    Ticks are counted and no clock is read: a parent that was itself stopped for a while has not waited.

    Args:
        silent_ticks: so many in a row without an answer to a ping are a hang; a process answers while it loads, too.
        stuck_ticks: so many in a row without progress, while something runs, are one.
        doubtful_ticks: after so many silent ones, or half of the stuck ones, it is unresponsive, which is no hang yet.
    """

    def __init__(self, silent_ticks: int, stuck_ticks: int, doubtful_ticks: int) -> None:
        self._silent_ticks, self._stuck_ticks, self._doubtful_ticks = silent_ticks, stuck_ticks, doubtful_ticks
        self._silent = 0
        self._stuck = 0
        self._progress: tuple[int, ...] | None = None

    def look(self, answered: bool, stats: Stats) -> Verdict:
        """The verdict now: "silent" and "stuck" are hangs. To be called once a tick.

        Args:
            answered: the last ping has been answered.
            stats: the latest snapshot.
        """
        progress = tuple(stats.counters.get(name, 0) for name in _PROGRESS)
        idle = not stats.gauges.get("running", 0)
        self._stuck = 0 if idle or progress != self._progress else self._stuck + 1
        self._silent = 0 if answered else self._silent + 1
        self._progress = progress
        if self._silent >= self._silent_ticks:
            return "silent"
        if self._stuck >= self._stuck_ticks:
            return "stuck"
        if self._silent >= self._doubtful_ticks or 2 * self._stuck >= self._stuck_ticks:
            return "unresponsive"
        return "well"


class Backoff:
    """Doubles its pause, from the first to the longest, until something stayed healthy for long enough."""

    def __init__(self, first_seconds: float, most_seconds: float, healthy_seconds: float) -> None:
        self._first, self._most, self._healthy = first_seconds, most_seconds, healthy_seconds
        self._next = first_seconds

    def pause_seconds(self, healthy_seconds: float) -> float:
        """The pause after something that was healthy for so many seconds."""
        pause = self._first if healthy_seconds >= self._healthy else self._next
        self._next = min(2 * pause, self._most)
        return pause
