"""What keeps a chain of services going while one of them fails: tries again, then leaves it alone for a while."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kantu.contenders.pipeline.parts import STAGES, StageName
from kantu.errors import KantuError, OverloadedError, UpstreamError, error

Q = TypeVar("Q")
A = TypeVar("A")

_LASTING = frozenset(("upstream_unauthorized", "upstream_filtered", "models_unknown"))
"""Codes of upstream errors that a second try does not change."""


@dataclass(frozen=True)
class Policy:
    """How patient a caller is.

    Attributes:
        tries: of one request, the first included.
        first_pause_seconds: before the second try; each further pause is twice as long, and up to half is left to
            chance, so that callers do not come back together.
        longest_pause_seconds: a stage that wants to be left alone for longer is not tried again.
        failures_to_open: this many failures in a row open the circuit.
        open_seconds: then nobody calls for so long; after that one request tries whether it works again. Each time that
            it does not, the circuit is open for twice as long, up to `longest_open_seconds`.
    """

    tries: int = 3
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    failures_to_open: int = 6
    open_seconds: float = 1.0
    longest_open_seconds: float = 30.0


class Guarded(Generic[Q, A]):
    """A stage whose passing failures are tried again, with a circuit around it. Any thread may call.

    Raises:
        OverloadedError: `stage_paused`: the circuit is open; nothing was started.
        KantuError: what the stage raised at last.
    """

    def __init__(
        self,
        name: StageName,
        call: Callable[[Q], A],
        policy: Policy | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name, self._call, self._policy = name, call, policy or Policy()
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()  # guards what follows
        self._failures = 0  # in a row
        self._open_seconds = 0.0
        self._finding_out = False  # somebody is
        self._closed_again_at = 0.0

    def __call__(self, request: Q) -> A:
        pause = self._policy.first_pause_seconds
        for remaining in reversed(range(self._policy.tries)):
            finding_out = self._enter()
            try:
                answer = self._call(request)
                self._succeeded()
                return answer
            except KantuError as failure:
                wanted = self._passing(failure)
                if wanted is None:
                    self._succeeded()  # it answers: the fault is the request's, or lasts
                    raise
                if not isinstance(failure, OverloadedError):  # who says that it is full is well
                    self._failed(finding_out)
                if not remaining or wanted > self._policy.longest_pause_seconds:
                    raise
            finally:
                if finding_out:
                    self._found_out()
            self._sleep(max(wanted, pause * random.uniform(0.5, 1.0)))
            pause = min(2 * pause, self._policy.longest_pause_seconds)
        raise AssertionError("the last try returns or raises")

    @staticmethod
    def _passing(failure: KantuError) -> float | None:
        """How many seconds to wait at least before it may have passed; None where trying again is in vain."""
        if isinstance(failure, OverloadedError):
            return failure.retry_after_seconds
        return 0.0 if isinstance(failure, UpstreamError) and failure.code not in _LASTING else None

    def _enter(self) -> bool:
        """Raise while the circuit is open. True for the one request that finds its time over: until it knows whether
        the stage works, the circuit is open for all others.
        """
        with self._lock:
            if self._failures < self._policy.failures_to_open:
                return False
            left = self._closed_again_at - self._clock()
            if left > 0 or self._finding_out:
                seconds = left if left > 0 else self._open_seconds
                raise error("stage_paused", stage=STAGES[self._name], retry_after_seconds=seconds)
            self._finding_out = True
            return True

    def _found_out(self) -> None:
        with self._lock:
            self._finding_out = False

    def _failed(self, finding_out: bool) -> None:
        """What was under way when the circuit opened does not keep it open for longer."""
        with self._lock:
            self._failures += 1
            if finding_out:
                self._open(min(2 * self._open_seconds, self._policy.longest_open_seconds))
            elif self._failures == self._policy.failures_to_open:
                self._open(self._policy.open_seconds)

    def _open(self, seconds: float) -> None:
        self._open_seconds = seconds
        self._closed_again_at = self._clock() + seconds

    def _succeeded(self) -> None:
        with self._lock:
            self._failures = 0
