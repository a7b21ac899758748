"""Clocks of the service that nobody can set while it runs.

`time.time` can be set, back or ahead. It stays the clock for what is written down (when a file was made) and for the
expiry of keys, which is a promise about the time of day. Whatever counts or deletes goes by the two clocks here.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def elapsed_seconds() -> float:
    """Seconds that never go back. On Linux they also pass while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class SteadyClock:
    """Seconds since 1970 as they were when it was made, and what has elapsed since. Used from any thread.

    For limits: a clock that is set back would open their windows again.
    """

    def __init__(self, wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        self._elapsed = elapsed
        self._offset = wall() - elapsed()

    def __call__(self) -> float:
        return self._offset + self._elapsed()


class CautiousClock:
    """The earlier one of the wall's time and the steady time. Used from any thread.

    For what is given up or deleted for good. A clock that is set ahead ends nothing; a service that started while its
    clock was behind ends things late, never early.
    """

    def __init__(self, steady: Callable[[], float], wall: Callable[[], float] = time.time) -> None:
        self._steady, self._wall = steady, wall

    def __call__(self) -> float:
        return min(self._steady(), self._wall())
