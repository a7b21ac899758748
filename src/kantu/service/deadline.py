"""When a request must be answered, kept by whoever waits and not by what it waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from kantu.errors import error

_LEAST_ENGINE_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment.

    Attributes:
        at_seconds: of `time.monotonic`, which setting the machine's clock does not move.
    """

    at_seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The one so many seconds from now."""
        return cls(time.monotonic() + seconds)

    @property
    def left_seconds(self) -> float:
        """Until then; negative once it is over."""
        return self.at_seconds - time.monotonic()

    @property
    def engine_seconds(self) -> float:
        """What an engine is given of it, which takes no less than none even where the time is as good as over."""
        return max(self.left_seconds, _LEAST_ENGINE_SECONDS)

    @contextmanager
    def kept(self) -> Iterator[anyio.CancelScope]:
        """End the block where it waits when the time is over. On the event loop.

        What runs on a thread there is waited for, as a thread cannot be ended.

        Yields:
            The scope: giving it another deadline changes this block's.

        Raises:
            DeadlineExceededError: `deadline_exceeded`.
        """
        with anyio.move_on_after(self.left_seconds) as scope:
            yield scope
        if scope.cancelled_caught:
            raise error("deadline_exceeded")
