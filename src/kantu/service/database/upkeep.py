"""What is done for a database every half a minute, as long as the application runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kantu.service.threads import on_thread

_SECONDS = 30.0


async def make_room_forever(make_room: Callable[[], None]) -> None:
    """Call `Database.make_room` now and every so often, until cancelled."""
    while True:
        await on_thread(make_room)
        await asyncio.sleep(_SECONDS)
