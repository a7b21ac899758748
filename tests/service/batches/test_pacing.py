"""When a line may start: slots go to tenants in turn, lines wait out pauses, and some failures are waited out."""

from __future__ import annotations

import asyncio
import math

import pytest

from kantu.errors import (
    AuthenticationError,
    CancelledError,
    DeadlineExceededError,
    EngineError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    NotReadyError,
    OutOfMemoryError,
    OverloadedError,
    StoreError,
    UpstreamError,
)
from kantu.service.batches.lines import Place
from kantu.service.batches.pacing import FairSlots, Pause, Pending, Wait, backoff_seconds, wait_for

PLACES = [Place(number, 0, 1) for number in (1, 2, 3)]


def test_a_giant_tenant_does_not_starve_a_small_one() -> None:
    order: list[str] = []

    async def work(slots: FairSlots, tenant: str) -> None:
        await slots.acquire(tenant)
        order.append(tenant)
        await asyncio.sleep(0)
        slots.release()

    async def run() -> None:
        slots = FairSlots(1)
        giant = [asyncio.create_task(work(slots, "giant")) for _ in range(20)]
        await asyncio.sleep(0)
        small = [asyncio.create_task(work(slots, tenant)) for tenant in ("a", "b", "a")]
        await asyncio.gather(*giant, *small)

    asyncio.run(run())
    assert order[:8] == ["giant", "giant", "giant", "a", "b", "giant", "a", "giant"]
    assert len(order) == 23


def test_no_more_slots_than_there_are() -> None:
    most = now = 0

    async def work(slots: FairSlots, tenant: str) -> None:
        nonlocal most, now
        await slots.acquire(tenant)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        slots.release()

    async def run() -> None:
        slots = FairSlots(3)
        await asyncio.gather(*(work(slots, str(number % 5)) for number in range(50)))

    asyncio.run(run())
    assert (most, now) == (3, 0)


def test_whoever_gives_up_waiting_loses_no_slot() -> None:
    async def run() -> None:
        slots = FairSlots(1)
        await slots.acquire("a")
        waiting = [asyncio.create_task(slots.acquire("b")) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # while it waits
        await asyncio.sleep(0)
        slots.release()
        waiting[1].cancel()  # when it has just been given the slot
        assert [type(result) for result in await asyncio.gather(*waiting, return_exceptions=True)] == [
            asyncio.CancelledError,
            asyncio.CancelledError,
            type(None),
        ]
        slots.release()
        async with asyncio.timeout(10):
            await slots.acquire("c")

    asyncio.run(run())


def test_all_are_given_out_and_then_none() -> None:
    async def run() -> list[Place | None]:
        pending = Pending(PLACES, Pause())
        out = []
        for _ in range(4):
            place = await pending.next()
            out.append(place)
            if place is not None:
                pending.done(place)
        return out

    assert asyncio.run(run()) == [*PLACES, None]


def test_one_under_way_may_come_back_so_the_end_waits_for_it() -> None:
    async def run() -> None:
        pending = Pending(PLACES[:1], Pause())
        place = await pending.next()
        assert place is not None
        end = asyncio.create_task(pending.next())
        await asyncio.sleep(0)
        assert not end.done()
        pending.again(place, last=True)
        assert await end == place
        pending.done(place)
        assert await pending.next() is None

    asyncio.run(run())


def test_a_line_that_comes_back_is_the_next_or_the_last() -> None:
    async def run(last: bool) -> list[int]:
        pending = Pending(PLACES, Pause())
        first = await pending.next()
        assert first is not None
        assert [pending.count_try(first), pending.count_try(first)] == [1, 2]
        pending.again(first, last=last)
        return [place.number for _ in PLACES if (place := await pending.next())]

    assert asyncio.run(run(last=False)) == [1, 2, 3]
    assert asyncio.run(run(last=True)) == [2, 3, 1]


def test_nothing_is_given_out_during_a_pause() -> None:
    async def run() -> float:
        pause = Pause()
        pending = Pending(PLACES, Pause(), pause)
        pause.prolong(0.05)
        pause.prolong(0.01)  # a shorter one changes nothing
        assert pending.held_up
        started = asyncio.get_running_loop().time()
        assert await pending.next() == PLACES[0]
        assert not pending.held_up
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(run()) >= 0.049


def test_stopping_ends_the_wait() -> None:
    async def run() -> None:
        pause = Pause()
        pause.prolong(3600)
        pending = Pending(PLACES, pause)
        waiting = asyncio.create_task(pending.next())
        await asyncio.sleep(0)
        pending.stop()
        assert await waiting is None
        assert pending.held_up

    asyncio.run(run())


def test_whoever_has_used_up_a_limit_waits_for_the_next_window() -> None:
    error = LimitExceededError("x", "", "", retry_after_seconds=40_000)
    assert wait_for(error, 1) == wait_for(error, 1000) == Wait(40_000, "batch")


def test_a_line_larger_than_a_whole_limit_has_failed() -> None:
    assert wait_for(LimitExceededError("x", "", "", retry_after_seconds=math.inf), 1) is None


@pytest.mark.parametrize("kind", [OverloadedError, NotReadyError])
def test_all_make_way_when_the_service_is_busy(kind: type[OverloadedError | NotReadyError]) -> None:
    assert wait_for(kind("x", "", "", retry_after_seconds=7), 1000) == Wait(7, "all")
    assert wait_for(kind("x", "", "", retry_after_seconds=0), 1) == Wait(0.5, "all")
    assert wait_for(kind("x", "", "", retry_after_seconds=9999), 1) == Wait(60, "all")


@pytest.mark.parametrize(
    "error",
    [StoreError("x", "", ""), CancelledError("x", "", ""), UpstreamError("upstream_unreachable", "", "")],
)
def test_what_is_away_is_waited_for_without_end(error: KantuError) -> None:
    assert [wait_for(error, tries) for tries in (1, 2, 3, 1000)] == [Wait(s, "all") for s in (1, 2, 4, 60)]


def test_what_may_be_the_lines_own_doing_is_tried_a_few_times() -> None:
    crash, failure = EngineError("engine_crashed", "", ""), UpstreamError("upstream_failed", "", "")
    assert [wait_for(crash, tries) for tries in (1, 2, 3)] == [Wait(1, "all"), Wait(2, "all"), None]
    assert wait_for(failure, 19) == Wait(60, "batch")
    assert wait_for(failure, 20) is None


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("x", "", ""),
        AuthenticationError("revoked_api_key", "", ""),
        OutOfMemoryError("x", "", ""),
        DeadlineExceededError("x", "", ""),
        UpstreamError("upstream_filtered", "", ""),
    ],
)
def test_what_would_fail_again_is_recorded(error: KantuError) -> None:
    assert wait_for(error, 1) is None


def test_backoff_is_bounded() -> None:
    assert [backoff_seconds(tries) for tries in (1, 2, 6, 7, 10**9)] == [1, 2, 32, 60, 60]
