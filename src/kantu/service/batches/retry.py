"""Which failures of a line are worth waiting out, for how long, and for whom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from kantu.errors import (
    CancelledError,
    EngineError,
    KantuError,
    LimitExceededError,
    OverloadedError,
    StoreError,
    UpstreamError,
)

_LONGEST_SECONDS = 60.0
_SHORTEST_SECONDS = 0.5

# Failures that may be the line's own doing, such as one that the engine dies of: tried so often, then recorded.
_MOST_TRIES = {"engine": 3, "upstream": 20}
_UPSTREAM_AWAY = ("upstream_unreachable", "upstream_unauthorized")
_FINAL = ("upstream_filtered",)


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again after `seconds`.

    Attributes:
        whose: who waits: `all` batches, or the `batch`, because its key has used up a limit or its lines keep failing.
    """

    seconds: float
    whose: Literal["all", "batch"]


def wait_for(error: KantuError, tries: int) -> Wait | None:
    """What to do about a line that failed for the `tries`-th time; None is to record the failure."""
    if isinstance(error, LimitExceededError) and math.isinf(error.retry_after_seconds):  # larger than the whole limit
        return None
    if isinstance(error, LimitExceededError):  # until the minute or the day is over
        return Wait(max(_SHORTEST_SECONDS, error.retry_after_seconds), "batch")
    if isinstance(error, OverloadedError):
        return Wait(min(max(_SHORTEST_SECONDS, error.retry_after_seconds), _LONGEST_SECONDS), "all")
    if isinstance(error, StoreError | CancelledError) or error.code in _UPSTREAM_AWAY:
        return Wait(backoff_seconds(tries), "all")
    if error.code in _FINAL:
        return None
    if isinstance(error, UpstreamError) and tries < _MOST_TRIES["upstream"]:
        return Wait(backoff_seconds(tries), "batch")
    if isinstance(error, EngineError) and tries < _MOST_TRIES["engine"]:
        return Wait(backoff_seconds(tries), "all")
    return None


def backoff_seconds(tries: int) -> float:
    """1, 2, 4 ... 60 seconds."""
    return float(min(2 ** min(tries - 1, 10), _LONGEST_SECONDS))
