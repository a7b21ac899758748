"""Whoever is cancelled leaves only after the thread that works for it."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest

from kantu.service.threads import on_thread


def test_results_and_errors_come_back() -> None:
    def fail() -> None:
        raise ValueError("x")

    assert asyncio.run(on_thread(lambda: 7)) == 7
    with pytest.raises(ValueError, match="x"):
        asyncio.run(on_thread(fail))


@pytest.mark.parametrize("fails", [False, True])
def test_a_cancelled_task_waits_for_its_thread(fails: bool) -> None:
    events: list[str] = []
    go = threading.Event()

    def work() -> None:
        go.wait(10)
        events.append("thread")
        if fails:
            raise ValueError

    async def actor() -> None:
        try:
            await on_thread(work)
        finally:
            events.append("actor")

    async def run() -> None:
        task = asyncio.create_task(actor())
        await asyncio.sleep(0.01)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.01)
            assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert events == ["thread", "actor"]


def test_a_cancelled_scope_waits_for_its_thread() -> None:
    events: list[str] = []
    go = threading.Event()

    def work() -> None:
        go.wait(10)
        events.append("thread")

    async def run() -> None:
        with anyio.move_on_after(0.01) as scope:
            asyncio.get_running_loop().call_later(0.05, go.set)
            try:
                await on_thread(work)
            finally:
                events.append("actor")
        assert scope.cancelled_caught

    asyncio.run(run())
    assert events == ["thread", "actor"]


def test_what_a_cancelled_task_does_not_take_is_dropped() -> None:
    dropped: list[int] = []
    go = threading.Event()

    def work() -> int:
        go.wait(10)
        return 7

    async def run() -> None:
        assert await on_thread(lambda: 3, drop=dropped.append) == 3
        task = asyncio.create_task(on_thread(work, drop=dropped.append))
        await asyncio.sleep(0.01)
        task.cancel()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert dropped == [7]
