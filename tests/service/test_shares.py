"""Whoever wants more than its share waits in its own line, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from kantu.errors import LimitExceededError, OverloadedError
from kantu.service.shares import Holding, Shares

pytestmark = pytest.mark.anyio


def refusal(own: bool) -> OverloadedError:
    kind = LimitExceededError if own else OverloadedError
    return kind("own" if own else "all", "满了", "full", retry_after_seconds=1.0)


def shares(capacity: int, *, share: int, line: int = 100, seconds: float = 60) -> Shares:
    return Shares(capacity, share=share, line=line, seconds=seconds, refusal=refusal)


class Crowd:
    """Tasks that each hold something until they are told to let go."""

    def __init__(self, shares: Shares) -> None:
        self.shares = shares
        self.served: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, amount: int = 1) -> None:
        """`name` begins with its tenant's, such as a1."""
        self._leave[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, amount))
        await settle()

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await settle()

    async def _hold(self, name: str, amount: int) -> None:
        async with self.shares.hold(name[0], amount):
            self.served.append(name)
            await self._leave[name].wait()


@asynccontextmanager
async def crowd(shares: Shares) -> AsyncIterator[Crowd]:
    people = Crowd(shares)
    try:
        yield people
    finally:
        for task in people.tasks.values():
            task.cancel()
        await asyncio.gather(*people.tasks.values(), return_exceptions=True)
    assert shares.held == 0
    assert (shares._lines, shares._held_by) == ({}, {})  # tenants that left leave nothing behind


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_free_is_given_at_once_without_giving_up_the_loop() -> None:
    given = shares(2, share=2)
    others = asyncio.create_task(asyncio.sleep(0))
    async with given.hold("a"), given.hold("a"):
        assert given.full
        assert given.held_by("a") == 2
        assert not others.done()
    assert (given.held, given.full) == (0, False)
    await others


async def test_a_tenant_over_its_share_waits_and_others_do_not() -> None:
    async with crowd(shares(10, share=2)) as people:
        for name in ("a1", "a2", "a3", "a4", "b1", "b2", "c1"):
            await people.come(name)
        assert people.served == ["a1", "a2", "b1", "b2", "c1"]
        assert people.shares.waiting("a") == 2
        await people.leave("b1")
        assert people.served[5:] == []  # what others leave is not for whoever has its share
        await people.leave("a2")
        assert people.served[5:] == ["a3"]
        await people.leave("a1")
        assert people.served[5:] == ["a3", "a4"]


async def test_when_everything_is_held_tenants_are_served_in_turn() -> None:
    async with crowd(shares(2, share=2)) as people:
        for name in ("a1", "a2", "a3", "a4", "a5", "b1", "c1", "b2"):
            await people.come(name)
        for name in ("a1", "a2"):
            await people.leave(name)
        assert people.served[2:] == ["a3", "b1"]
        for name in ("a3", "b1", "c1"):
            await people.leave(name)
        assert people.served[2:] == ["a3", "b1", "c1", "a4", "b2"]


async def test_a_full_line_turns_away_its_own_tenant_only_and_says_whose_doing_it_is() -> None:
    async with crowd(shares(3, share=2, line=1)) as people:
        for name in ("a1", "a2", "a3"):
            await people.come(name)
        with pytest.raises(LimitExceededError) as own:
            async with people.shares.hold("a"):
                raise AssertionError("let in")
        assert own.value.code == "own"
        await people.come("b1")
        assert people.served == ["a1", "a2", "b1"]
        await people.come("c1")
        with pytest.raises(OverloadedError) as everybody:
            async with people.shares.hold("c"):
                raise AssertionError("let in")
        assert everybody.value.code == "all"
        assert people.shares.waiting("c") == 1  # whoever was turned away does not wait


async def test_more_than_a_share_counts_as_a_share() -> None:
    async with crowd(shares(100, share=40)) as people:
        await people.come("a1", 1000)
        assert people.shares.held == 40
        await people.come("a2", 1)
        await people.come("b1", 40)
        assert people.served == ["a1", "b1"]


async def test_a_large_amount_is_not_overtaken_for_ever() -> None:
    async with crowd(shares(10, share=8)) as people:
        for name, amount in (("a1", 6), ("b1", 6), ("c1", 1), ("d1", 1)):
            await people.come(name, amount)
        assert people.served == ["a1"]
        await people.leave("a1")
        assert people.served == ["a1", "b1", "c1", "d1"]


async def test_nothing_is_held_without_waiting() -> None:
    async with crowd(shares(1, share=1)) as people:
        await people.come("a1")
        await people.come("a2")
        async with people.shares.hold("a", 0), people.shares.hold("b", 0):
            assert people.shares.held == 1


async def test_whose_time_is_up_leaves_the_line_and_is_turned_away() -> None:
    async with crowd(shares(2, share=1, seconds=0.01)) as people:
        await people.come("a1")
        with pytest.raises(LimitExceededError):
            async with people.shares.hold("a"):
                raise AssertionError("let in")
        await people.come("b1")
        with pytest.raises(OverloadedError) as everybody:
            async with people.shares.hold("c"):
                raise AssertionError("let in")
        assert everybody.value.code == "all"
        assert [people.shares.waiting(tenant) for tenant in "abc"] == [0, 0, 0]


async def test_a_tenant_can_be_asked_whether_it_would_wait_for_itself() -> None:
    async with crowd(shares(2, share=1)) as people:
        people.shares.check("a")
        await people.come("a1")
        with pytest.raises(LimitExceededError):
            people.shares.check("a")
        await people.come("b1")
        people.shares.check("c")  # it would wait for others


async def test_whoever_stops_waiting_leaves_the_line() -> None:
    async with crowd(shares(10, share=6, line=2)) as people:
        for name, amount in (("a1", 6), ("b1", 6), ("c1", 4)):
            await people.come(name, amount)
        assert people.served == ["a1"]
        people.tasks["b1"].cancel()
        await settle()
        assert people.served == ["a1", "c1"]  # which waited behind it
        assert people.shares.waiting("b") == 0


async def test_a_turn_that_comes_to_a_cancelled_task_goes_to_the_next() -> None:
    async with crowd(shares(1, share=1)) as people:
        for name in ("a1", "a2", "b1"):
            await people.come(name)
        people._leave["a1"].set()
        await asyncio.sleep(0)  # a1 has given back, a2 has been given its turn and has not run yet
        people.tasks["a2"].cancel()
        await settle()
        assert people.served == ["a1", "b1"]
        assert people.shares.held == 1


async def test_what_is_held_can_grow_within_the_share_and_is_given_back_whole() -> None:
    given = shares(10, share=6)
    async with AsyncExitStack() as stack:
        holding: Holding = await stack.enter_async_context(given.hold("a", 0))
        holding.grow(4)
        with pytest.raises(LimitExceededError):
            holding.grow(3)
        await stack.enter_async_context(given.hold("b", 5))
        with pytest.raises(OverloadedError) as refused:
            holding.grow(2)
        assert refused.value.code == "all"
        holding.grow(1)
        assert given.held == 10
    assert (given.held, given.held_by("a"), given.held_by("b")) == (0, 0, 0)


async def test_what_is_no_longer_needed_is_free_for_others_at_once() -> None:
    given = shares(10, share=10)
    async with given.hold("a", 8) as holding:
        other = asyncio.create_task(visit(given, "b", 5))
        await settle()
        assert not other.done()
        holding.shrink(9)
        assert given.held_by("a") == 8
        holding.shrink(5)
        await asyncio.wait_for(other, 1)
        holding.shrink(0)
        assert given.held == 0
    assert given.held == 0


async def visit(given: Shares, tenant: str, amount: int) -> None:
    async with given.hold(tenant, amount):
        pass


@pytest.mark.parametrize("seed", range(20))
async def test_bounds_hold_whatever_comes_and_goes(seed: int) -> None:
    chance = random.Random(seed)
    given = shares(10, share=4, line=3)
    held: dict[str, int] = dict.fromkeys("abcd", 0)
    served: dict[str, int] = dict.fromkeys("abcd", 0)

    async def visit(tenant: str) -> None:
        amount = chance.randrange(1, 6)
        async with given.hold(tenant, amount):
            held[tenant] += min(amount, 4)
            assert held[tenant] <= 4
            assert sum(held.values()) <= given.held <= 10  # a turn that has come is held before its task runs
            try:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
            finally:
                held[tenant] -= min(amount, 4)
        served[tenant] += 1

    tasks = []
    for _ in range(300):
        tasks.append(asyncio.create_task(visit(chance.choice("aaaabcd"))))
        if chance.random() < 0.3:
            chance.choice(tasks).cancel()
        if chance.random() < 0.7:
            await asyncio.sleep(0)
        assert all(given.waiting(tenant) <= 3 for tenant in held)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(result is None or isinstance(result, OverloadedError | asyncio.CancelledError) for result in results)
    assert given.held == 0
    assert all(served.values())
