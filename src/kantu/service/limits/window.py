"""Fixed windows of the clock, in which use is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kantu.service.actor import Actor, Limits

Kind = Literal["requests", "visual_tokens", "output_tokens"]
Period = Literal["minute", "day"]
Whose = Literal["key", "person", "group"]

_SECONDS: dict[Period, int] = {"minute": 60, "day": 86_400}


@dataclass(frozen=True, slots=True)
class Counter:
    """What a key, a person or a group has used of one thing in one window, by name.

    The name holds the window's number: what is given back after the window's end does not reach the next one.

    Attributes:
        whose: use is counted, and so who is told.
        limit: most that may be used in the window.
        seconds: the window's length.
        ends_in_seconds: from when the counter was asked for to the window's end.
    """

    name: str
    kind: Kind
    period: Period
    whose: Whose
    limit: int
    seconds: int
    ends_in_seconds: float


def counters_of(actor: Actor, kind: Kind, now: float) -> tuple[Counter, ...]:
    """The counters that limit the actor's use of `kind` at `now`; none without limits.

    The minute's come before the day's, and all of the actor's own before the group's: who is over their own limits uses
    nothing of what others share.
    """
    own = _counters(actor.key_id, "key" if actor.person_id is None else "person", actor.limits, kind, now)
    shared = () if actor.quota is None else _counters(actor.quota.group_id, "group", actor.quota.limits, kind, now)
    return (*own, *shared)


def _counters(user_id: str, whose: Whose, limits: Limits, kind: Kind, now: float) -> tuple[Counter, ...]:
    found: list[Counter] = []
    for period, seconds in _SECONDS.items():
        limit: int | None = getattr(limits, f"{kind}_per_{period}")
        if limit is not None:
            number = int(now // seconds)
            name = f"{user_id}/{kind}/{period}/{number}"
            found.append(Counter(name, kind, period, whose, limit, seconds, (number + 1) * seconds - now))
    return tuple(found)
