"""When a child process counts as hung, and how long to wait before the next one is started."""

from __future__ import annotations

from typing import Literal

from kantu.engine.metrics import Stats

_PROGRESS = ("steps", "requests_finished", "requests_failed", "requests_cancelled")

Verdict = Literal["well", "unresponsive", "silent", "stuck"]


class Watchdog:
    """Judges one process, tick by tick, from its start on.

    It counts ticks and reads no clock, so the time during which the parent itself was stopped does not count.

    Args:
        silent_ticks: this many in a row without an answer to a ping are a hang; a process answers even while it loads.
        stuck_ticks: this many in a row without progress, while something runs, are a hang.
        doubtful_ticks: after this many silent ticks, or half of `stuck_ticks`, it is unresponsive, but not yet hung.
    """

    def __init__(self, silent_ticks: int, stuck_ticks: int, doubtful_ticks: int) -> None:
        self._silent_ticks, self._stuck_ticks, self._doubtful_ticks = silent_ticks, stuck_ticks, doubtful_ticks
        self._silent = 0
        self._stuck = 0
        self._progress: tuple[int, ...] | None = None

    def look(self, answered: bool, stats: Stats) -> Verdict:
        """The verdict at this tick; "silent" and "stuck" are hangs. Call it once a tick.

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
    """Pauses before restarts: each is twice the last, up to the longest, until a process stays healthy long enough."""

    def __init__(self, first_seconds: float, most_seconds: float, healthy_seconds: float) -> None:
        self._first, self._most, self._healthy = first_seconds, most_seconds, healthy_seconds
        self._next = first_seconds

    def pause_seconds(self, healthy_seconds: float) -> float:
        """The pause after a process that was healthy for so many seconds."""
        pause = self._first if healthy_seconds >= self._healthy else self._next
        self._next = min(2 * pause, self._most)
        return pause
