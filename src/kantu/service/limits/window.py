"""Fixed windows of the clock, in which use is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kantu.service.actor import Actor

Kind = Literal["requests", "visual_tokens", "output_tokens"]
Period = Literal["minute", "day"]

_SECONDS: dict[Period, int] = {"minute": 60, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Counter:
    """What one key has used of one thing in one window, by name.

    The name holds the window's number: what is given back after the window's end does not reach the next one.

    Attributes:
        limit: most that may be used in the window.
        seconds: the window's length.
        ends_in_seconds: from when the counter was asked for to the window's end.
    """

    name: str
    kind: Kind
    period: Period
    limit: int
    seconds: int
    ends_in_seconds: float


def counters_of(actor: Actor, kind: Kind, now: float) -> tuple[Counter, ...]:
    """The counters that limit the actor's use of `kind` at `now`, the minute's first; none without limits."""
    found: list[Counter] = []
    for period, seconds in _SECONDS.items():
        limit: int | None = getattr(actor.limits, f"{kind}_per_{period}")
        if limit is not None:
            number = int(now // seconds)
            name = f"{actor.key_id}/{kind}/{period}/{number}"
            found.append(Counter(name, kind, period, limit, seconds, (number + 1) * seconds - now))
    return tuple(found)
