"""Reads printed lines in other processes, so that the event loop never waits for it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from anyio import to_thread
from pydantic import TypeAdapter, ValidationError

from kantu.errors import error
from kantu.service.decoders.launch import environment
from kantu.service.printed_lines.child import ANSWER, PICTURE, READY
from kantu.service.shares import Shares
from kantu.service.threads import on_thread
from kantu.solve.reader import PrintedLine

_log = logging.getLogger(__name__)

LINES_BYTES = 2**18
"""What the lines of one picture hold at most, by estimate."""

_MOST_ANSWER_BYTES = 2**17  # of JSON; a page of small print is a tenth of it
_MODULE = "kantu.service.printed_lines.child"
_START_SECONDS = 60.0
_TRIES = 2
_LINE = 256  # pictures of one tenant that wait
_WAIT_SECONDS = 300.0  # for a turn

_LINES = TypeAdapter(list[tuple[str, tuple[int, int, int, int], float]])


class _GoneError(Exception):
    """The process has ended, or says what it should not."""


class PrintedLines:
    """Used on one event loop. A process is started when the first picture comes, or by `start`.

    Args:
        workers: how many pictures are read at once, each in a process of its own.
        memory_bytes: what each process may take.
        command: what is run in place of our own reader; the arguments of `child.main` are added to it.
    """

    def __init__(self, workers: int, memory_bytes: int, *, command: Sequence[str] | None = None) -> None:
        self._memory_bytes = memory_bytes
        self._command = (sys.executable, "-P", "-S", "-m", _MODULE) if command is None else tuple(command)
        # Tenants take turns.
        self._places = Shares(
            workers, share=workers, line=_LINE, seconds=_WAIT_SECONDS, refusal=lambda _: error("printed_lines_busy")
        )
        self._idle: list[_Process] = []
        self._closed = False

    async def start(self) -> None:
        """Have a process ready for the first picture.

        Raises:
            OverloadedError: `printed_lines_unavailable`.
        """
        async with self._places.hold(""):
            if not self._idle:
                await self._keep(await self._started())

    async def read(self, tenant: str, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        """The lines of a picture. Cancelling it ends the process at once; the next picture has another.

        Args:
            tenant: whose picture it is; tenants take turns.

        Raises:
            OverloadedError: `printed_lines_busy`, `printed_lines_unavailable`.
            EngineError: `printed_lines_failed`: two processes have ended with this picture.
        """
        async with self._places.hold(tenant):
            for _ in range(_TRIES):
                process = self._idle.pop() if self._idle else await self._started()
                try:
                    lines = await process.read(pixels)
                except _GoneError:
                    status = await process.end()
                    _log.warning("a process that reads printed lines has ended", extra={"status": status})
                except BaseException:  # it may have said half of its answer
                    await process.end()
                    raise
                else:
                    await self._keep(process)
                    return lines
        raise error("printed_lines_failed")

    async def aclose(self) -> None:
        """End all processes; no picture is read any more."""
        self._closed = True
        while self._idle:
            await self._idle.pop().end()

    async def _keep(self, process: _Process) -> None:
        if self._closed:
            await process.end()
        else:
            self._idle.append(process)

    async def _started(self) -> _Process:
        """A process that waits for a picture. Started on this thread, not on a worker, with which it would end."""
        if self._closed:
            raise error("printed_lines_unavailable")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                popen = subprocess.Popen(
                    (*self._command, str(theirs.fileno()), str(os.getpid()), str(self._memory_bytes)),
                    env=environment(),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # what is written there may be a picture's words
                    cwd="/",
                    process_group=0,  # a terminal's Ctrl-C is for the parent
                )
            except (OSError, MemoryError):
                ours.close()
                raise error("printed_lines_unavailable") from None
        process = _Process(popen, ours)
        try:
            async with asyncio.timeout(_START_SECONDS):
                said = await process.receive(len(READY))
        except (_GoneError, TimeoutError):
            said = b""
        except BaseException:
            await process.end()
            raise
        if said != READY:
            status = await process.end()
            _log.error("the process that reads printed lines does not start", extra={"status": status})
            raise error("printed_lines_unavailable")
        return process


class _Process:
    """A process, and this end of its socket."""

    def __init__(self, popen: subprocess.Popen[bytes], end: socket.socket) -> None:
        self._popen, self._end = popen, end

    async def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        """The lines of a picture. Raises _GoneError."""
        loop = asyncio.get_running_loop()
        height, width = pixels.shape[:2]
        try:
            await loop.sock_sendall(self._end, PICTURE.pack(height, width))
            await loop.sock_sendall(self._end, np.ascontiguousarray(pixels).data.cast("B"))
        except OSError:
            raise _GoneError from None
        (size,) = ANSWER.unpack(await self.receive(ANSWER.size))
        if size > _MOST_ANSWER_BYTES:
            raise _GoneError
        return await to_thread.run_sync(partial(_lines, await self.receive(size)))

    async def receive(self, size: int) -> bytes:
        """So many bytes. Raises _GoneError."""
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            try:
                got = await asyncio.get_running_loop().sock_recv_into(self._end, rest)
            except OSError:
                raise _GoneError from None
            if not got:
                raise _GoneError
            rest = rest[got:]
        return bytes(data)

    async def end(self) -> int:
        """Kill it and wait until it is gone; its exit status."""
        self._end.close()
        self._popen.kill()
        return await on_thread(self._popen.wait)


def _lines(told: bytes) -> tuple[PrintedLine, ...]:
    try:
        return tuple(PrintedLine(text, box, sureness) for text, box, sureness in _LINES.validate_json(told))
    except ValidationError:
        raise _GoneError from None
