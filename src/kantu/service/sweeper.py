"""Deletes what has had its time, every few minutes as long as the application runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from kantu.errors import StoreError

_log = logging.getLogger(__name__)

SWEEP_SECONDS = 600.0


async def sweep_forever(what: str, sweep: Callable[[], Awaitable[int]], every_seconds: float = SWEEP_SECONDS) -> None:
    """Sweep now and every so often, until cancelled. A store that is away is tried again the next time.

    Args:
        what: is swept, for the log.
        sweep: deletes, and tells how many of them that was.
    """
    while True:
        try:
            deleted = await sweep()
        except StoreError as error:
            _log.warning("%s could not be swept: %s", what, error.code)
        else:
            if deleted:
                _log.info("%d %s swept", deleted, what)
        await asyncio.sleep(every_seconds)
