"""Lines are given out one by one, not during pauses, and come back until they are done."""

from __future__ import annotations

import asyncio

from kantu.service.batches.lines import Place
from kantu.service.batches.pending import Pause, Pending

PLACES = [Place(number, 0, 1) for number in (1, 2, 3)]


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
