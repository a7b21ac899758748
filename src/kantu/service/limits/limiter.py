"""Counting what keys, people and groups use, and refusing what goes over their limits.

The strategies of the `limits` library only ever add. Here the most that a request may use is added before it runs and
what it did not use is taken back after it, so only the library's stores are used. Each addition is one atomic step and
its result decides, so that of any number of racing requests no more than the limit are let in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from anyio import CancelScope

from kantu.errors import KantuError, Words, error
from kantu.service.actor import Actor
from kantu.service.limits.store import LimitStore
from kantu.service.limits.window import Counter, Kind, Period, Whose, counters_of

_PERIODS: Mapping[Period, Words] = {"minute": Words("每分钟", "a minute"), "day": Words("每天", "a day")}
_WHOSE: Mapping[Whose, Words] = {
    "key": Words("这个密钥", "this key's"),
    "person": Words("您的账号", "your account's"),
    "group": Words("您所在的组", "your group's"),
}
_EXCEEDED: Mapping[Kind, str] = {
    "requests": "request_limit_exceeded",
    "visual_tokens": "visual_token_limit_exceeded",
    "output_tokens": "output_token_limit_exceeded",
}
_NEVER: Mapping[Kind, str] = {
    "requests": "request_limit_exceeded",
    "visual_tokens": "visual_token_limit_exceeded.never",
    "output_tokens": "output_token_limit_exceeded.never",
}


class Limiter:
    """Used on one event loop. Where the store is lost, nothing is limited (and `store.errors` tells).

    Args:
        clock: seconds since 1970, which nobody can set: windows would open again.
    """

    def __init__(self, store: LimitStore, clock: Callable[[], float]) -> None:
        self.store = store
        self._clock = clock

    async def admit(self, actor: Actor) -> None:
        """Count one request, of whatever endpoint.

        Raises:
            LimitExceededError: `request_limit_exceeded`.
        """
        for counter in counters_of(actor, "requests", self._clock()):
            total = await self.store.add(counter.name, 1, counter.seconds)
            if total is not None and total > counter.limit:
                raise _exceeded(counter, 1)

    async def reserve(self, actor: Actor, *, visual_tokens: int, output_tokens: int) -> Reservation:
        """Count the most that a request may use. Whatever happens to it, `settle` the reservation.

        A refused reservation is counted until it is taken back, a moment later: at its limit, a key may be refused
        early, never late.

        Raises:
            LimitExceededError: `visual_token_limit_exceeded`, `output_token_limit_exceeded`; nothing is counted then.
        """
        now = self._clock()
        reservation = Reservation(self.store)
        try:
            for kind, amount in _amounts(visual_tokens, output_tokens):
                for counter in counters_of(actor, kind, now):
                    await reservation.add(counter, amount)
        except BaseException:  # also where the client has gone while we waited
            await reservation.settle(0, 0)
            raise
        return reservation

    async def close(self) -> None:
        """Close the store's connections."""
        await self.store.close()


class Reservation:
    """What is counted for one request beforehand."""

    def __init__(self, store: LimitStore) -> None:
        self._store = store
        self._added: list[tuple[Counter, int]] = []

    async def add(self, counter: Counter, amount: int) -> None:
        """Count `amount`; `Limiter.reserve` does. Raises LimitExceededError."""
        if not amount:
            return
        if amount > counter.limit:  # not even for a moment: others could be refused for it
            raise _exceeded(counter, amount)
        total = await self._store.add(counter.name, amount, counter.seconds)
        if total is None:
            return
        self._added.append((counter, amount))
        if total > counter.limit:
            raise _exceeded(counter, amount)

    async def settle(self, visual_tokens: int, output_tokens: int) -> None:
        """Count what was really used instead. Only the first call does anything; cancelling does not stop it."""
        used = dict(_amounts(visual_tokens, output_tokens))
        added, self._added = self._added, []
        with CancelScope(shield=True):
            for counter, amount in added:
                if used[counter.kind] != amount:
                    await self._store.add(counter.name, used[counter.kind] - amount, counter.seconds)


def _amounts(visual_tokens: int, output_tokens: int) -> tuple[tuple[Kind, int], ...]:
    return ("visual_tokens", visual_tokens), ("output_tokens", output_tokens)


def _exceeded(counter: Counter, amount: int) -> KantuError:
    """The error for `amount` more than `counter` allows. The limit is the caller's own and is said.

    It is to be asked again when the window ends; where no window is large enough, that is never (infinity).
    """
    never = amount > counter.limit
    return error(
        _NEVER[counter.kind] if never else _EXCEEDED[counter.kind],
        amount=amount,
        limit=counter.limit,
        whose=_WHOSE[counter.whose],
        period=_PERIODS[counter.period],
        retry_after_seconds=math.inf if never else counter.ends_in_seconds,
    )
