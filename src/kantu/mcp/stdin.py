"""The lines that a client writes, read so that whoever waits for one can stop waiting."""

from __future__ import annotations

import asyncio
import os
import threading

_PIECE_BYTES = 2**16


class StdinLines:
    """The lines of standard input, without end as an asynchronous iterator until the client closes it.

    A read that waits cannot be interrupted, so it is done by a thread that nobody waits for. It reads from the
    descriptor itself: Python's own stream must not be locked when the interpreter ends.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="kantu-mcp-stdin", daemon=True).start()

    def __aiter__(self) -> StdinLines:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self) -> None:
        rest = b""
        while piece := self._next_piece():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._tell(line.decode(errors="replace"))
        if rest:
            self._tell(rest.decode(errors="replace"))
        self._tell(None)

    def _next_piece(self) -> bytes:
        try:
            return os.read(self._descriptor, _PIECE_BYTES)
        except OSError:  # of a terminal or socket whose other end is gone
            return b""

    def _tell(self, line: str | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
