"""An answer as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), kept alive."""

from __future__ import annotations

import asyncio

from starlette.types import Send

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx would hold the answer back
]
_COMMENT = b": keep-alive\n\n"


class EventStream:
    """Status and headers go with whatever is written first.

    Attributes:
        begun: a status has been sent, and no other can be.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self._ended = False
        self._written_at = asyncio.get_running_loop().time()
        self._writing = asyncio.Lock()

    async def write(self, data: bytes) -> None:
        """Send some events."""
        async with self._writing:
            await self._write(data, more=True)

    async def end(self, data: bytes) -> None:
        """Send the last events."""
        async with self._writing:
            self._ended = True
            await self._write(data, more=False)

    async def keep_alive(self, seconds: float) -> None:
        """Write a comment, which clients skip, whenever nothing else has been written for so long; to the end."""
        loop = asyncio.get_running_loop()
        while not self._ended:
            left = self._written_at + seconds - loop.time()
            if left > 0:
                await asyncio.sleep(left)
                continue
            async with self._writing:
                if not self._ended:
                    await self._write(_COMMENT, more=True)

    async def _write(self, data: bytes, *, more: bool) -> None:
        if not self.begun:
            self.begun = True
            await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self._written_at = asyncio.get_running_loop().time()
