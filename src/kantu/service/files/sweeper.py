"""Deletes expired files and what interrupted uploads left, every few minutes as long as the application runs."""

from __future__ import annotations

import asyncio
import logging

from kantu.errors import StoreError
from kantu.service.files.service import FileService

_log = logging.getLogger(__name__)

SWEEP_SECONDS = 600.0


async def sweep_forever(files: FileService, every_seconds: float = SWEEP_SECONDS) -> None:
    """Sweep now and every so often, until cancelled. A store that is away is tried again the next time."""
    while True:
        try:
            deleted = await files.sweep()
        except StoreError as error:
            _log.warning("files could not be swept: %s", error.code)
        else:
            if deleted:
                _log.info("%d files swept", deleted)
        await asyncio.sleep(every_seconds)
