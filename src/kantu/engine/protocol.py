"""The interface of every engine, local or remote."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from kantu.engine.metrics import Stats
from kantu.engine.request import Delta, Request, Scores
from kantu.errors import KantuError

Listener = Callable[[Delta | KantuError], None]
"""Called with every delta of a request, or once with its error; see `Engine.submit`."""

ScoreListener = Callable[[Scores | KantuError], None]
"""Called once with the scores or with the error; see `Engine.submit_score`."""


class Handle(Protocol):
    """A request that has been admitted."""

    def cancel(self) -> None:
        """Stop it at the next step; it ends with `CancelledError`. Does nothing once it has ended."""
        ...


class Engine(Protocol):
    """Takes requests from any thread and answers them together."""

    def submit(self, request: Request, listener: Listener) -> Handle:
        """Admit a request.

        `listener` is called from the engine's thread and must return at once. It gets the deltas of all `n` answers,
        the last of each with its `end`, or one error, after which nothing more comes. A listener that raises
        cancels its request.

        Raises:
            InvalidRequestError: the request cannot be served as given. (Errors that need the images' sizes or the chat
                template are found a little later and reach the listener.)
            OverloadedError: the queue is full.
        """
        ...

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> Handle:
        """Ask how probable each of `choices` is as the answer, without generating one.

        Of the request its turns, images, tenant, line and timeout are used. `listener` is called once, from a thread of
        the engine's, and must return at once.

        Raises:
            InvalidRequestError: `invalid_choices`, where the engine finds it at once.
            KantuError: those of `submit`.
        """
        ...

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        """As `submit_score`, but waits. Errors are raised."""
        ...

    def stats(self) -> Stats:
        """Counters, gauges and histograms so far."""
        ...

    def check(self) -> None:
        """Raise AssertionError if an idle engine still holds something, or its counts do not add up."""
        ...

    def close(self) -> None:
        """Cancel what is running and free everything. May be called twice."""
        ...


def wait_for_scores(engine: Engine, request: Request, choices: Sequence[str]) -> Scores:
    """What `submit_score` tells its listener; errors are raised."""
    told: queue.SimpleQueue[Scores | KantuError] = queue.SimpleQueue()
    handle = engine.submit_score(request, choices, told.put)
    try:
        item = told.get()
    finally:
        handle.cancel()  # where the wait was interrupted; nothing otherwise
    if isinstance(item, KantuError):
        raise item
    return item


class DeltaStream(Iterator[Delta]):
    """The deltas of one request, in order; its error is raised when it comes. Dropping the stream early cancels it."""

    def __init__(self, engine: Engine, request: Request) -> None:
        self._queue: queue.SimpleQueue[Delta | KantuError] = queue.SimpleQueue()
        self._open = request.sampling.n
        self._handle = engine.submit(request, self._queue.put)

    def __next__(self) -> Delta:
        if not self._open:
            raise StopIteration
        item = self._queue.get()
        if isinstance(item, KantuError):
            self._open = 0
            raise item
        self._open -= item.end is not None
        return item

    def cancel(self) -> None:
        """Stop the request at the next step."""
        self._handle.cancel()

    def __del__(self) -> None:
        if getattr(self, "_open", 0) and hasattr(self, "_handle"):
            self._handle.cancel()
