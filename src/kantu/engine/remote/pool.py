"""Chooses the upstream server for the next request: the least loaded one that answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from kantu.engine.remote.wire import Upstream


@dataclass(slots=True)
class _State:
    healthy: bool = True
    in_flight: int = 0
    full_until: float = 0.0  # time.monotonic()


class UpstreamPool:
    """Counts the requests in flight at each upstream and checks its health. Safe to use from several threads.

    Args:
        probe: returns whether an upstream answers; called from the pool's own thread.
        health_seconds: between two rounds of probes.

    An upstream counts as healthy until a probe or a request finds otherwise, and is skipped until a probe succeeds.
    """

    def __init__(
        self, upstreams: Sequence[Upstream], probe: Callable[[Upstream], bool], *, health_seconds: float
    ) -> None:
        self._states = {upstream: _State() for upstream in upstreams}
        self._probe = probe
        self._health_seconds = health_seconds
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="kantu-remote-health", daemon=True)
        self._thread.start()

    def acquire(self, allowed: Sequence[Upstream], tried: Collection[Upstream] = ()) -> Upstream | None:
        """Take a place at the least loaded upstream that is healthy, not full and not in `tried`; None if none is."""
        with self._lock:
            now = time.monotonic()
            free = [
                upstream
                for upstream in allowed
                if upstream not in tried and self._states[upstream].healthy and self._states[upstream].full_until <= now
            ]
            if not free:
                return None
            chosen = min(free, key=lambda upstream: self._states[upstream].in_flight)  # the first of equals
            self._states[chosen].in_flight += 1
            return chosen

    def release(self, upstream: Upstream) -> None:
        """Give the place back."""
        with self._lock:
            self._states[upstream].in_flight -= 1

    def mark_down(self, upstream: Upstream) -> None:
        """Skip an upstream that could not be reached until a probe succeeds."""
        with self._lock:
            self._states[upstream].healthy = False

    def mark_full(self, upstream: Upstream, retry_after_seconds: float) -> None:
        """Skip an upstream that said it is full for so many seconds."""
        with self._lock:
            self._states[upstream].full_until = time.monotonic() + retry_after_seconds

    def rest_seconds(self, allowed: Sequence[Upstream]) -> float | None:
        """Until the first full upstream may be asked again; None if none is full."""
        with self._lock:
            now = time.monotonic()
            states = [self._states[upstream] for upstream in allowed]
            return min((s.full_until - now for s in states if s.healthy and s.full_until > now), default=None)

    @property
    def in_flight(self) -> int:
        """Places taken at all upstreams together."""
        with self._lock:
            return sum(state.in_flight for state in self._states.values())

    @property
    def healthy(self) -> int:
        """How many upstreams answer."""
        with self._lock:
            return sum(state.healthy for state in self._states.values())

    def close(self) -> None:
        """Stop the probes. May be called twice."""
        self._closed.set()
        self._thread.join()

    def _look_after(self) -> None:
        while not self._closed.is_set():
            for upstream, state in self._states.items():
                if self._closed.is_set():
                    return
                healthy = self._probe(upstream)
                with self._lock:
                    state.healthy = healthy
            self._closed.wait(self._health_seconds)
