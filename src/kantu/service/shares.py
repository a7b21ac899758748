"""Something that all owners share: so much in all, so much for one owner, and a line of its own for whoever waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kantu.errors import KantuError


class Shares:
    """Hands out a bounded amount to owners in turn. On one event loop.

    What does not fit waits in its owner's line, first come, first served, and what becomes free goes to the owner whose
    turn it is. Nobody waits behind an owner whose own share is used up. A large amount that waits for others to leave
    is not overtaken: it could wait for ever.

    Args:
        capacity: in all.
        share: most that one owner holds. What asks for more counts as a whole share, and is let in once its owner holds
            nothing else.
        line: how many of one owner may wait.
        seconds: how long each waits at most.
        refusal: what to raise where an owner's line is full or its time is up; its argument is whether the owner's own
            share is used up (True), or all owners together hold everything (False).

    Attributes:
        held: by all owners, now.
    """

    def __init__(
        self, capacity: int, *, share: int, line: int, seconds: float, refusal: Callable[[bool], KantuError]
    ) -> None:
        self._capacity, self._share, self._line = capacity, min(share, capacity), line
        self._seconds, self._refusal = seconds, refusal
        self.held = 0
        self._held_by: dict[str, int] = {}  # only owners that hold something
        self._lines: dict[str, deque[_Turn]] = {}  # only owners that wait, in the order of their turns

    @property
    def full(self) -> bool:
        """Whether an owner that holds nothing has to wait."""
        return self.held >= self._capacity

    def held_by(self, owner: str) -> int:
        """What one owner holds now."""
        return self._held_by.get(owner, 0)

    def waiting(self, owner: str) -> int:
        """How many of one owner wait now."""
        return len(self._lines.get(owner, ()))

    @asynccontextmanager
    async def hold(self, owner: str, amount: int = 1) -> AsyncIterator[Holding]:
        """Hold `amount` within the block, after waiting for it. Who asks for nothing (0) never waits.

        A task that is cancelled while it waits leaves the line.

        Raises:
            KantuError: `refusal`: the owner's line is full, or its time is up.
        """
        holding = Holding(self, owner, await self._acquire(owner, min(amount, self._share)))
        try:
            yield holding
        finally:
            self.give_back(owner, holding.amount)

    def check(self, owner: str) -> None:
        """Whether an owner has something of its share left, and nobody of it waits.

        Raises:
            KantuError: `refusal`.
        """
        if owner in self._lines or self._over_share(owner, 1):
            raise self._refusal(self._over_share(owner, 1))

    def take(self, owner: str, amount: int) -> None:
        """Hold `amount` more, without waiting for it. `Holding.grow` does, which also gives it back.

        Raises:
            KantuError: `refusal`: it is not free.
        """
        over_share = self._over_share(owner, amount)
        if over_share or self.held + amount > self._capacity:
            raise self._refusal(over_share)
        self._add(owner, amount)

    async def _acquire(self, owner: str, amount: int) -> int:
        if not amount:
            return 0
        turn = _Turn(owner, amount, asyncio.get_running_loop().create_future())
        line = self._lines.setdefault(owner, deque())
        line.append(turn)
        self._hand_out()
        if len(line) > self._line and not turn.come.done():
            self._leave(turn)
            raise self._refusal(self._over_share(owner, amount))
        try:
            async with asyncio.timeout(self._seconds):
                await self._wait(turn)
        except TimeoutError:
            raise self._refusal(self._over_share(owner, amount)) from None
        return amount

    async def _wait(self, turn: _Turn) -> None:
        try:
            await turn.come  # goes straight on where it has come already
        except asyncio.CancelledError:
            if turn.come.cancelled():
                self._leave(turn)
            else:  # it was given what it will not use
                self.give_back(turn.owner, turn.amount)
            raise

    def _hand_out(self) -> None:
        """Give what is free to those whose turn it is."""
        while (turn := self._next()) is not None:
            self._drop(turn)
            if not turn.come.done():  # its task may have been cancelled a moment ago
                self._add(turn.owner, turn.amount)
                turn.come.set_result(None)

    def _next(self) -> _Turn | None:
        """Whose turn it is, if there is enough for it."""
        for owner, line in self._lines.items():
            if not self._over_share(owner, line[0].amount):
                return line[0] if self.held + line[0].amount <= self._capacity else None
        return None

    def _leave(self, turn: _Turn) -> None:
        if turn in self._lines.get(turn.owner, ()):
            self._drop(turn)
        self._hand_out()  # others may have waited behind it

    def _drop(self, turn: _Turn) -> None:
        """Take a turn out of its line; its owner's next turn is behind all others'."""
        line = self._lines.pop(turn.owner)
        line.remove(turn)
        if line:
            self._lines[turn.owner] = line

    def _over_share(self, owner: str, amount: int) -> bool:
        return self.held_by(owner) + amount > self._share

    def _add(self, owner: str, amount: int) -> None:
        self.held += amount
        self._held_by[owner] = self.held_by(owner) + amount

    def give_back(self, owner: str, amount: int) -> None:
        """Hold `amount` less. `Holding` does."""
        self.held -= amount
        left = self.held_by(owner) - amount
        if left:
            self._held_by[owner] = left
        else:
            self._held_by.pop(owner, None)
        self._hand_out()


class Holding:
    """What is held within one `Shares.hold`.

    Attributes:
        amount: so much.
    """

    def __init__(self, shares: Shares, owner: str, amount: int) -> None:
        self._shares, self._owner = shares, owner
        self.amount = amount

    def grow(self, amount: int) -> None:
        """Hold `amount` more, until the block is left. Never waits: whoever holds a part and waits for the rest may
        wait for somebody who does the same.

        Raises:
            KantuError: the refusal: it is not free, or over the owner's share.
        """
        self._shares.take(self._owner, amount)
        self.amount += amount

    def shrink(self, amount: int) -> None:
        """Hold `amount`, where that is less, from now on."""
        if amount < self.amount:
            self._shares.give_back(self._owner, self.amount - amount)
            self.amount = amount


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    owner: str
    amount: int
    come: asyncio.Future[None]
