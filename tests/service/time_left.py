"""Deadlines that a test ends, so that nothing depends on how fast the machine is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from starlette.types import Message

from kantu.service.deadline import Deadline
from kantu.service.http.late import _LateAnswer


class TimeLeft:
    """Knows every deadline that is being kept. On the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._kept: list[tuple[Deadline, anyio.CancelScope]] = []
        self._over: set[Deadline] = set()
        kept, left = Deadline.kept, Deadline.left_seconds.fget  # type: ignore[attr-defined]

        @contextmanager
        def noted(deadline: Deadline) -> Iterator[anyio.CancelScope]:
            with kept(deadline) as scope:
                self._kept.append((deadline, scope))
                yield scope

        monkeypatch.setattr(Deadline, "kept", noted)
        monkeypatch.setattr(
            Deadline, "left_seconds", property(lambda deadline: 0.0 if deadline in self._over else left(deadline))
        )

    def end(self) -> None:
        """The time of all that is under way is over."""
        for deadline, scope in self._kept:
            self._over.add(deadline)
            scope.deadline = -math.inf
        self._kept.clear()

    def end_with_the_first_bytes(self) -> None:
        """The time of each answer is over once something of it has been sent."""
        send = _LateAnswer.send_in_time

        async def sent(late: _LateAnswer, message: Message) -> None:
            await send(late, message)
            if message.get("body"):
                self.end()

        self._monkeypatch.setattr(_LateAnswer, "send_in_time", sent)
