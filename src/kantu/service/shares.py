"""Something that all tenants share: so much in all, so much for one tenant, and a line of its own for whoever waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kantu.errors import KantuError


class Shares:
    """Hands out a bounded amount to tenants in turn. On one event loop.

    What does not fit waits in its tenant's line, first come, first served, and what becomes free goes to the tenant
    whose turn it is. Nobody waits behind a tenant whose own share is used up. A large amount that waits for others to
    leave is not overtaken: it could wait for ever.

    Args:
        capacity: in all.
        share: most that one tenant holds. What asks for more counts as a whole share, and is let in once its tenant
            holds nothing else.
        line: how many of one tenant may wait.
        seconds: how long each waits at most.
        refusal: what to raise where a tenant's line is full or its time is up; its argument is whether the tenant's own
            share is used up (True), or all tenants together hold everything (False).

    Attributes:
        held: by all tenants, now.
    """

    def __init__(
        self, capacity: int, *, share: int, line: int, seconds: float, refusal: Callable[[bool], KantuError]
    ) -> None:
        self._capacity, self._share, self._line = capacity, min(share, capacity), line
        self._seconds, self._refusal = seconds, refusal
        self.held = 0
        self._held_by: dict[str, int] = {}  # only tenants that hold something
        self._lines: dict[str, deque[_Turn]] = {}  # only tenants that wait, in the order of their turns

    @property
    def full(self) -> bool:
        """Whether a tenant that holds nothing has to wait."""
        return self.held >= self._capacity

    def held_by(self, tenant: str) -> int:
        """What one tenant holds now."""
        return self._held_by.get(tenant, 0)

    def waiting(self, tenant: str) -> int:
        """How many of one tenant wait now."""
        return len(self._lines.get(tenant, ()))

    @asynccontextmanager
    async def hold(self, tenant: str, amount: int = 1) -> AsyncIterator[Holding]:
        """Hold `amount` within the block, after waiting for it. Who asks for nothing (0) never waits.

        A task that is cancelled while it waits leaves the line.

        Raises:
            KantuError: `refusal`: the tenant's line is full, or its time is up.
        """
        holding = Holding(self, tenant, await self._acquire(tenant, min(amount, self._share)))
        try:
            yield holding
        finally:
            self.give_back(tenant, holding.amount)

    def check(self, tenant: str) -> None:
        """Whether a tenant has something of its share left, and nobody of it waits.

        Raises:
            KantuError: `refusal`.
        """
        if tenant in self._lines or self._over_share(tenant, 1):
            raise self._refusal(self._over_share(tenant, 1))

    def take(self, tenant: str, amount: int) -> None:
        """Hold `amount` more, without waiting for it. `Holding.grow` does, which also gives it back.

        Raises:
            KantuError: `refusal`: it is not free.
        """
        over_share = self._over_share(tenant, amount)
        if over_share or self.held + amount > self._capacity:
            raise self._refusal(over_share)
        self._add(tenant, amount)

    async def _acquire(self, tenant: str, amount: int) -> int:
        if not amount:
            return 0
        turn = _Turn(tenant, amount, asyncio.get_running_loop().create_future())
        line = self._lines.setdefault(tenant, deque())
        line.append(turn)
        self._hand_out()
        if len(line) > self._line and not turn.come.done():
            self._leave(turn)
            raise self._refusal(self._over_share(tenant, amount))
        try:
            async with asyncio.timeout(self._seconds):
                await self._wait(turn)
        except TimeoutError:
            raise self._refusal(self._over_share(tenant, amount)) from None
        return amount

    async def _wait(self, turn: _Turn) -> None:
        try:
            await turn.come  # goes straight on where it has come already
        except asyncio.CancelledError:
            if turn.come.cancelled():
                self._leave(turn)
            else:  # it was given what it will not use
                self.give_back(turn.tenant, turn.amount)
            raise

    def _hand_out(self) -> None:
        """Give what is free to those whose turn it is."""
        while (turn := self._next()) is not None:
            self._drop(turn)
            if not turn.come.done():  # its task may have been cancelled a moment ago
                self._add(turn.tenant, turn.amount)
                turn.come.set_result(None)

    def _next(self) -> _Turn | None:
        """Whose turn it is, if there is enough for it."""
        for tenant, line in self._lines.items():
            if not self._over_share(tenant, line[0].amount):
                return line[0] if self.held + line[0].amount <= self._capacity else None
        return None

    def _leave(self, turn: _Turn) -> None:
        if turn in self._lines.get(turn.tenant, ()):
            self._drop(turn)
        self._hand_out()  # others may have waited behind it

    def _drop(self, turn: _Turn) -> None:
        """Take a turn out of its line; its tenant's next turn is behind all others'."""
        line = self._lines.pop(turn.tenant)
        line.remove(turn)
        if line:
            self._lines[turn.tenant] = line

    def _over_share(self, tenant: str, amount: int) -> bool:
        return self.held_by(tenant) + amount > self._share

    def _add(self, tenant: str, amount: int) -> None:
        self.held += amount
        self._held_by[tenant] = self.held_by(tenant) + amount

    def give_back(self, tenant: str, amount: int) -> None:
        """Hold `amount` less. `Holding` does."""
        self.held -= amount
        left = self.held_by(tenant) - amount
        if left:
            self._held_by[tenant] = left
        else:
            self._held_by.pop(tenant, None)
        self._hand_out()


class Holding:
    """What is held within one `Shares.hold`.

    Attributes:
        amount: so much.
    """

    def __init__(self, shares: Shares, tenant: str, amount: int) -> None:
        self._shares, self._tenant = shares, tenant
        self.amount = amount

    def grow(self, amount: int) -> None:
        """Hold `amount` more, until the block is left. Never waits: whoever holds a part and waits for the rest may
        wait for somebody who does the same.

        Raises:
            KantuError: the refusal: it is not free, or over the tenant's share.
        """
        self._shares.take(self._tenant, amount)
        self.amount += amount

    def shrink(self, amount: int) -> None:
        """Hold `amount`, where that is less, from now on."""
        if amount < self.amount:
            self._shares.give_back(self._tenant, self.amount - amount)
            self.amount = amount


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    tenant: str
    amount: int
    come: asyncio.Future[None]
