"""Work that nobody walks away from: blocking work on a thread, and what must be finished once it is begun."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, to_thread

T = TypeVar("T")


async def on_thread(
    work: Callable[[], T], limiter: CapacityLimiter | None = None, *, drop: Callable[[T], None] | None = None
) -> T:
    """What `work` returns or raises, done on a thread, to the end; see `to_the_end`."""
    return await to_the_end(to_thread.run_sync(work, limiter=limiter), drop=drop)


async def to_the_end(work: Awaitable[T], *, drop: Callable[[T], None] | None = None) -> T:
    """What `work` returns or raises, which is not interrupted: a thread, for one, cannot be stopped.

    A task that is cancelled meanwhile is held until the work is through, so that what comes next does not close the
    file or the database that it is using.

    Args:
        drop: what to do with a result that nobody is left to take, such as to close a file.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with CancelScope(shield=True):
            while not task.done():
                with suppress(asyncio.CancelledError):  # being cancelled twice is being cancelled
                    await asyncio.wait([task])
        # nobody is left to hear of an exception
        if not task.cancelled() and task.exception() is None and drop is not None:
            drop(task.result())
        raise
