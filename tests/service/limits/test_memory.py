"""Counters in this process."""

from __future__ import annotations

import time

import pytest

from kantu.errors import LimitExceededError
from kantu.service.actor import Actor, Limits
from kantu.service.clock import SteadyClock
from kantu.service.limits.limiter import Limiter
from kantu.service.limits.memory import MemoryCounters
from kantu.service.limits.store import LimitStore
from tests.service.clock import Clock

pytestmark = pytest.mark.anyio


async def test_a_counter_ends_with_its_time() -> None:
    clock = Clock(0.0)
    counters = MemoryCounters(clock)
    assert [await counters.incr("a", 60, amount) for amount in (3, 4, -2)] == [3, 7, 5]
    clock.now = 59.0
    assert await counters.incr("a", 60) == 6
    clock.now = 60.0
    assert await counters.incr("a", 60) == 1


async def test_counters_that_have_ended_are_dropped() -> None:
    clock = Clock(0.0)
    counters = MemoryCounters(clock)
    for number in range(100):
        await counters.incr(f"key/{number}", 60)
    await counters.incr("day", 86_400)
    clock.now = 61.0
    await counters.incr("another", 60)
    assert set(counters._counters) == {"day", "another"}


@pytest.mark.parametrize("jump_seconds", [-7 * 86_400, -60, 60, 7 * 86_400])
async def test_a_clock_that_is_set_refills_no_limit(jump_seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = Clock(20_000 * 86_400.0)
    monkeypatch.setattr(time, "time", wall)
    limiter = Limiter(LimitStore(None), SteadyClock(wall, elapsed=lambda: 5.0))
    actor = Actor("key", "owner", limits=Limits(requests_per_minute=2))
    await limiter.admit(actor)
    await limiter.admit(actor)
    wall.now += jump_seconds
    with pytest.raises(LimitExceededError):
        await limiter.admit(actor)
