"""The zygote, seen from its parent: starting it, having it fork, hearing how a process ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kantu.service.decoders.sandbox import Protection
from kantu.service.decoders.zygote import END, FORK, HELLO, ORDER, STATUS
from kantu.service.threads import on_thread

_MODULE = "kantu.service.decoders.zygote"
_START_SECONDS = 60.0
_END_SECONDS = 10.0  # a killed process is gone in less, whatever it held

# Nothing of the parent's environment, which may hold secrets, but what the interpreter needs to find its libraries.
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class ZygoteGoneError(Exception):
    """There is no zygote any more, and no process of it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that waits for a picture: its number, and this end of its socket."""

    number: int
    end: socket.socket


class Zygote:
    """A running zygote. Used on one event loop only.

    Attributes:
        protections: what holds for its processes, as it tried out.
    """

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.protections = Protection(0)
        self._process, self._control = process, control
        self._ordering = asyncio.Lock()  # an order and its answer are not interrupted by another
        self._forked = 0
        self._lost = False

    @classmethod
    async def start(cls, memory_bytes: int, *, module: str = _MODULE) -> Zygote:
        """Start one and wait until it can fork.

        Args:
            memory_bytes: what each process may take.

        Raises:
            ZygoteGoneError: it did not start.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                # On this thread, not on a worker: the zygote ends with the thread that started it.
                process = subprocess.Popen(
                    [
                        sys.executable,
                        "-P",
                        "-S",
                        "-m",
                        module,
                        str(theirs.fileno()),
                        str(os.getpid()),
                        str(memory_bytes),
                    ],
                    env=environment(),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    cwd="/",
                    process_group=0,  # a terminal's Ctrl-C is for the parent
                )
            except (OSError, MemoryError):
                ours.close()
                raise ZygoteGoneError from None
        zygote = cls(process, ours)
        try:
            (protections,) = HELLO.unpack(await zygote._answer(HELLO.size, _START_SECONDS))
        except BaseException:
            zygote.kill()
            await on_thread(zygote.wait)
            raise
        zygote.protections = Protection(protections)
        return zygote

    async def fork(self) -> Process:
        """A new process, which waits for its task.

        Raises:
            ZygoteGoneError
        """
        async with self._ordering:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            self._forked += 1
            with theirs:
                try:
                    socket.send_fds(self._control, [ORDER.pack(FORK, self._forked)], [theirs.fileno()])
                except OSError:
                    ours.close()
                    raise self._gone() from None
        return Process(self._forked, ours)

    async def end(self, process: Process) -> int:
        """Kill a process if it still runs; its exit status as subprocess tells them. Not to be cancelled.

        Raises:
            ZygoteGoneError
        """
        process.end.close()
        async with self._ordering:
            try:
                await asyncio.get_running_loop().sock_sendall(self._control, ORDER.pack(END, process.number))
            except OSError:
                raise self._gone() from None
            (status,) = STATUS.unpack(await self._answer(STATUS.size, _END_SECONDS))
        return int(status)

    @property
    def gone(self) -> bool:
        """Whether it is of no use any more."""
        return self._lost or self._process.poll() is not None

    def kill(self) -> None:
        """End it and all its processes, and whoever waits for an answer."""
        self._lost = True
        self._process.kill()
        with contextlib.suppress(OSError):  # not connected any more
            self._control.shutdown(socket.SHUT_RDWR)

    def wait(self) -> None:
        """Wait until it is gone, after `kill`, and free it. Blocks."""
        self._process.wait()
        self._control.close()

    async def _answer(self, size: int, seconds: float) -> bytes:
        answer = b""
        try:
            async with asyncio.timeout(seconds):  # one that takes longer hangs, and so would every order to come
                while len(answer) < size:
                    got = await asyncio.get_running_loop().sock_recv(self._control, size - len(answer))
                    if not got:
                        raise self._gone()
                    answer += got
        except (OSError, TimeoutError):
            raise self._gone() from None
        return answer

    def _gone(self) -> ZygoteGoneError:
        self.kill()
        return ZygoteGoneError()


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",  # a process with threads cannot be forked safely
    }
