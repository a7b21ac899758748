"""Drives a task with an engine, on the caller's thread."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from kantu.engine.protocol import DeltaStream, Engine
from kantu.engine.request import Request
from kantu.processing.image import CleanImage
from kantu.solve.asks import Ask, Choose, Generate, ReadLines, Reply
from kantu.solve.reader import Reader
from kantu.solve.requests import generated, request_of
from kantu.solve.result import TaskResult
from kantu.solve.run import Steps

AT_ONCE = 8
"""Of what one step asks: an engine refuses what comes to a full queue, and others want places in it, too."""

_LEAST_SECONDS = 0.001  # what the engine is given where the time is as good as over; it takes no less than none


def drive(
    steps: Steps,
    engine: Engine,
    pictures: Sequence[CleanImage],
    reader: Reader | None = None,
    timeout_seconds: float | None = None,
) -> TaskResult[Any]:
    """The result of a task. Of a step's asks `AT_ONCE` are under way at a time.

    Raises KantuError, of the task or of the engine.
    """
    end = None if timeout_seconds is None else time.monotonic() + timeout_seconds

    def request(ask: Generate | Choose) -> Request:
        left = None if end is None else max(end - time.monotonic(), _LEAST_SECONDS)
        return request_of(ask, pictures, timeout_seconds=left)

    def replies(asks: Sequence[Ask]) -> list[Reply]:
        """Answers are begun together; what is scored or read waits for its turn, and finds the prompt in the cache."""
        streams: dict[int, DeltaStream] = {}
        found: list[Reply] = []
        try:
            for number, ask in enumerate(asks):
                if isinstance(ask, Generate):
                    streams[number] = DeltaStream(engine, request(ask))
            for number, ask in enumerate(asks):
                if isinstance(ask, Generate):
                    found.append(generated(streams[number]))
                elif isinstance(ask, Choose):
                    found.append(engine.score(request(ask), ask.choices))
                else:
                    assert isinstance(ask, ReadLines)
                    assert reader is not None
                    found.append(reader.read(pictures[ask.picture].pixels))
        finally:  # where one has failed, nobody waits for the others
            for stream in streams.values():
                stream.cancel()
        return found

    asked = advance(steps, None)
    while not isinstance(asked, TaskResult):
        asked = advance(steps, tuple(reply for chunk in chunks(asked) for reply in replies(chunk)))
    return asked


def chunks(asks: Sequence[Ask]) -> Iterator[Sequence[Ask]]:
    """What one step asks, as many at a time as an engine is to have of it."""
    return (asks[start : start + AT_ONCE] for start in range(0, len(asks), AT_ONCE))


def advance(steps: Steps, replies: tuple[Reply, ...] | None) -> tuple[Ask, ...] | TaskResult[Any]:
    """What a task asks next, after `replies` to what it asked before (None at its beginning), or its result."""
    try:
        return next(steps) if replies is None else steps.send(replies)
    except StopIteration as stop:
        result: TaskResult[Any] = stop.value
        return result
