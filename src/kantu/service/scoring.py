"""How probable a few answers are, asked from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kantu.engine.protocol import Engine
from kantu.engine.request import Request, Scores
from kantu.errors import KantuError


async def score(engine: Engine, request: Request, choices: Sequence[str]) -> Scores:
    """As `Engine.score`. Cancelling it cancels the engine's work."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[Scores] = loop.create_future()

    def take(item: Scores | KantuError) -> None:
        if told.done():  # nobody waits any more
            return
        if isinstance(item, KantuError):
            told.set_exception(item)
        else:
            told.set_result(item)

    def listen(item: Scores | KantuError) -> None:
        """On a thread of the engine's. A loop that has closed has nobody left who waits."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(take, item)

    handle = engine.submit_score(request, choices, listen)
    try:
        return await told
    finally:
        if told.cancelled():
            handle.cancel()
