"""Slots go to tenants in turn."""

from __future__ import annotations

import asyncio

from kantu.service.batches.slots import FairSlots


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
