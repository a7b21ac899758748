"""A deadline ends what waits in its block, and nothing else."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest
from anyio import to_thread

from kantu.errors import DeadlineExceededError
from kantu.service.deadline import Deadline

pytestmark = pytest.mark.anyio


async def test_what_waits_too_long_ends_with_the_error() -> None:
    with pytest.raises(DeadlineExceededError, match="deadline_exceeded"), Deadline.after(0.01).kept():
        await asyncio.Event().wait()


async def test_one_that_is_over_already_ends_the_first_wait() -> None:
    deadline = Deadline.after(-1)
    assert deadline.left_seconds < 0
    with pytest.raises(DeadlineExceededError), deadline.kept():
        await asyncio.sleep(0)


async def test_what_ends_in_time_is_left_alone() -> None:
    with Deadline.after(60).kept():
        await asyncio.sleep(0)


async def test_what_fails_in_time_fails_as_it_does() -> None:
    with pytest.raises(ValueError, match="mine"), Deadline.after(60).kept():
        raise ValueError("mine")


async def test_the_block_may_be_given_more_time() -> None:
    with Deadline.after(0.01).kept() as time:
        time.deadline = math.inf
        await asyncio.sleep(0.05)


async def test_a_thread_is_waited_for() -> None:
    ended = threading.Event()

    async def wait_for_ever() -> None:
        await to_thread.run_sync(lambda: ended.wait(0.1) or ended.set())
        await asyncio.Event().wait()

    with pytest.raises(DeadlineExceededError), Deadline.after(0.01).kept():
        await wait_for_ever()
    assert ended.is_set()
