"""How long to wait before something that keeps failing is started again."""

from __future__ import annotations


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
