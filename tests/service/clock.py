"""Time that stands still unless a test moves it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds since 1970, in place of `time.time`."""

    now: float

    def __call__(self) -> float:
        return self.now
