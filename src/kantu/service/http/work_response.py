"""Answers that are worked out while they are sent, and no longer than their client is there."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from kantu.errors import error


@dataclass(frozen=True, slots=True)
class Work:
    """What was worked out: the pieces of the JSON, and headers besides those that every answer has."""

    pieces: Sequence[bytes]
    headers: Sequence[tuple[bytes, bytes]] = ()


class WorkResponse(Response):
    """Does its work when it is sent, so that a vanished client cancels all of it. What fails is raised."""

    def __init__(self, work: Callable[[], Awaitable[Work]]) -> None:
        super().__init__()
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(_: TaskGroup) -> None:
            await _send(await self._work(), send)

        await until_client_goes(receive, answer)


async def until_client_goes(receive: Receive, answer: Callable[[TaskGroup], Awaitable[None]]) -> None:
    """Answer a client, and stop where it goes. What fails is raised.

    Args:
        answer: is given a group for tasks that end with it.

    Raises:
        KantuError: `draining`: the server stops, and waits no longer.
    """
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_when_gone, receive, tasks.cancel_scope)
        try:
            await answer(tasks)
        except asyncio.CancelledError:
            if anyio.current_effective_deadline() == -math.inf:  # the client has gone, or has been answered
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()  # there is still something to tell
            failure = error("draining")
        except Exception as caught:  # out of the group as itself, not in a group of exceptions
            failure = caught
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _send(work: Work, send: Send) -> None:
    length = str(sum(map(len, work.pieces))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length), *work.headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in work.pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)  # others have their turn, however quickly the client reads
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _cancel_when_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
