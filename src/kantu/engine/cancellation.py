"""Ends what several requests are for, from another thread than the one that waits for them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kantu.engine.metrics import Stats
from kantu.engine.protocol import Engine, Handle, Listener, ScoreListener, wait_for_scores
from kantu.engine.request import Request, Scores
from kantu.errors import error


class Cancellation:
    """Ends all that is asked of engines under it, now and later, with `CancelledError`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: list[Handle] = []
        self._cancelled = False

    def cancel(self) -> None:
        """End it. From any thread, any number of times."""
        with self._lock:
            self._cancelled = True
            handles, self._handles = self._handles, []
        for handle in handles:
            handle.cancel()

    def over(self, engine: Engine) -> Engine:
        """The engine, whose requests this can end."""
        return _Cancellable(engine, self)

    def check(self) -> None:
        """Raise CancelledError (`cancelled`) where it has been."""
        if self._cancelled:
            raise error("cancelled")

    def add(self, handle: Handle) -> None:
        """A request that has just been admitted."""
        with self._lock:
            cancelled = self._cancelled
            if not cancelled:
                self._handles.append(handle)
        if cancelled:
            handle.cancel()


class _Cancellable:
    def __init__(self, engine: Engine, cancellation: Cancellation) -> None:
        self._engine, self._cancellation = engine, cancellation

    def submit(self, request: Request, listener: Listener) -> Handle:
        self._cancellation.check()
        handle = self._engine.submit(request, listener)
        self._cancellation.add(handle)
        return handle

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> Handle:
        self._cancellation.check()
        handle = self._engine.submit_score(request, choices, listener)
        self._cancellation.add(handle)
        return handle

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        return wait_for_scores(self, request, choices)

    def stats(self) -> Stats:
        return self._engine.stats()

    def check(self) -> None:
        self._engine.check()

    def close(self) -> None:
        self._engine.close()
