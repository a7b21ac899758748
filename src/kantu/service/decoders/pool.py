"""Decodes pictures, each in a process of its own that is shut in and thrown away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

import numpy as np
import numpy.typing as npt

from kantu.errors import KantuError, error
from kantu.processing.container import Container
from kantu.service.decoders import wire
from kantu.service.decoders.launch import Process, Zygote, ZygoteGoneError
from kantu.service.decoders.sandbox import EVERYTHING
from kantu.service.decoders.wire import Task, Verdict
from kantu.service.decoders.zygote import NOT_FORKED
from kantu.service.shares import Shares
from kantu.service.threads import on_thread, to_the_end

_log = logging.getLogger(__name__)

LARGE_PIXELS = 16_000_000  # more are decoded one at a time: decoding takes up to 17 bytes a pixel
_MOST_SECONDS = 120.0  # of one picture, where it does not even use processor time, of which the sandbox has a limit
_TRIES = 2
_LINE = 1024  # pictures of one tenant that wait
_WAIT_SECONDS = 300.0  # for a turn

_VERDICTS = frozenset(map(int, Verdict))
_OVER_LIMITS = (-signal.SIGXCPU, -signal.SIGKILL)  # SIGKILL comes from the kernel, where there is no memory


class Decoders:
    """Used on one event loop. The zygote is started when the first picture comes, or by `start`.

    Args:
        workers: how many pictures are decoded at once.
        memory_bytes: what the process of one picture may take.
    """

    def __init__(self, workers: int, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        # Tenants take turns in both. Who waits for a place may hold the turn of the large ones, never the reverse.
        self._large = Shares(1, share=1, line=_LINE, seconds=_WAIT_SECONDS, refusal=lambda _: error("decoders_busy"))
        self._places = Shares(
            workers, share=workers, line=_LINE, seconds=_WAIT_SECONDS, refusal=lambda _: error("decoders_busy")
        )
        self._starting = asyncio.Lock()
        self._zygote: Zygote | None = None
        self._closed = False

    async def start(self) -> None:
        """Have everything ready for the first picture.

        Raises:
            OverloadedError: `decoders_unavailable`.
        """
        try:
            await self._running()
        except ZygoteGoneError:
            raise error("decoders_unavailable") from None

    async def render(self, tenant: str, picture: Container, width: int, height: int) -> npt.NDArray[np.uint8]:
        """What `processing.decode.render` gives. Cancelling it ends the process at once.

        Args:
            tenant: whose picture it is; tenants take turns.

        Raises:
            ImageError: `image_damaged`, `image_unsupported_variant`; `image_too_costly`: it takes more memory or
                processor time than a picture may.
            OverloadedError: `decoders_unavailable`, `decoders_busy`.
        """
        pixels = np.empty((height, width, 3), dtype=np.uint8)
        await self._do(tenant, Task(picture, width, height), pixels.data.cast("B"))
        return pixels

    async def verify(self, tenant: str, picture: Container) -> None:
        """Decode it and throw it away; raises as `render`."""
        await self._do(tenant, Task(picture), memoryview(bytearray()))

    async def aclose(self) -> None:
        """End all processes; no picture is decoded any more."""
        self._closed = True
        await self._drop()

    async def _do(self, tenant: str, task: Task, pixels: memoryview) -> None:
        large = task.picture.width * task.picture.height > LARGE_PIXELS
        async with self._large.hold(tenant, int(large)), self._places.hold(tenant):
            for _ in range(_TRIES):
                try:
                    return await self._attempt(task, pixels)
                except ZygoteGoneError:  # through no fault of the picture's
                    continue
        raise error("decoders_unavailable")

    async def _attempt(self, task: Task, pixels: memoryview) -> None:
        zygote = await self._running()
        process = await zygote.fork()
        verdict: Verdict | None = Verdict.TOO_COSTLY  # if its time runs out
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_MOST_SECONDS):
                    verdict = await _ask(process, task, pixels)
        finally:
            status = await to_the_end(zygote.end(process))
        if verdict is Verdict.DONE:
            return
        if status == NOT_FORKED:
            raise error("decoders_unavailable")
        if verdict is None:
            _log.warning("a decoder process ended early", extra={"format": task.picture.format, "status": status})
            verdict = Verdict.TOO_COSTLY if status in _OVER_LIMITS else Verdict.DAMAGED
        raise _refusal(verdict)

    async def _drop(self) -> None:
        zygote, self._zygote = self._zygote, None
        if zygote is not None:
            zygote.kill()
            await on_thread(zygote.wait)

    async def _running(self) -> Zygote:
        async with self._starting:
            if self._zygote is not None and self._zygote.gone:
                _log.error("the zygote of the decoders has ended; another is started")
                await self._drop()
            if self._closed:
                raise ZygoteGoneError
            if self._zygote is None:
                try:
                    self._zygote = zygote = await Zygote.start(self._memory_bytes)
                except ZygoteGoneError:
                    _log.error("the decoders cannot be started")
                    raise
                if self._closed:  # meanwhile
                    await self._drop()
                    raise ZygoteGoneError
                held = "+".join(str(each.name) for each in EVERYTHING if each in zygote.protections)
                level = logging.INFO if zygote.protections == EVERYTHING else logging.WARNING
                _log.log(level, "decoders started", extra={"protections": held})
            return self._zygote


async def _ask(process: Process, task: Task, pixels: memoryview) -> Verdict | None:
    """Give a process its task and take its pixels; None where it ends before it has answered."""
    loop = asyncio.get_running_loop()
    try:
        for part in wire.encode(task):
            await loop.sock_sendall(process.end, part)
        said = await loop.sock_recv(process.end, 1)
        if not said:
            return None
        if said[0] not in _VERDICTS:
            return Verdict.DAMAGED
        rest = pixels if said[0] == Verdict.DONE else memoryview(b"")
        while rest:
            got = await loop.sock_recv_into(process.end, rest)
            if not got:
                return None
            rest = rest[got:]
    except OSError:
        return None
    return Verdict(said[0])


def _refusal(verdict: Verdict) -> KantuError:
    if verdict is Verdict.UNSUPPORTED:
        return error("image_unsupported_variant.colours")
    if verdict is Verdict.TOO_COSTLY:
        return error("image_too_costly")
    return error("image_damaged")
