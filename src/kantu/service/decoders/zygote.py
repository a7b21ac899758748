"""The zygote: a process that has everything imported and forks one for each picture. It never sees a picture itself.

It does what its parent says over one socket, an order after the other: `FORK`, with the number of the new process and
the socket it is to serve; and `END`, which kills that process if it still runs, and is answered with its exit status.
It ends with its parent.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import socket
import struct
import sys
from pathlib import Path

from PIL import AvifImagePlugin, Image, features

from kantu.errors import ImageError
from kantu.processing.decode import load, render
from kantu.processing.guard import guard
from kantu.service.decoders import sandbox, wire
from kantu.service.decoders.sandbox import Protection
from kantu.service.decoders.wire import Verdict

FORK, END = b"F", b"E"
ORDER = struct.Struct("<cI")  # which, and the number of the process
STATUS = struct.Struct("<i")  # as subprocess' returncode
HELLO = struct.Struct("<B")  # the protections that hold

_MODES = ("RGB", "RGBA", "L", "P")
_FAILED = 70  # exit status (EX_SOFTWARE)
NOT_FORKED = 71  # EX_OSERR; stands for the exit status of what never was


class Server:
    """Forks processes for one parent. A process serves one picture and ends."""

    def __init__(self, control: socket.socket, memory_bytes: int) -> None:
        self._control, self._memory_bytes = control, memory_bytes
        self._libc = sandbox.libc()
        self._pid = os.getpid()
        self._running: dict[int, int] = {}
        self._filtered = True

    def serve(self) -> None:
        """Until the parent is gone."""
        self._control.sendall(HELLO.pack(self._protections()))
        while True:
            order, descriptors, _, _ = socket.recv_fds(self._control, ORDER.size, 1)
            if len(order) < ORDER.size:
                return
            kind, number = ORDER.unpack(order)
            if kind == FORK:
                self._fork(number, descriptors[0])
            else:
                self._control.sendall(STATUS.pack(self._end(number)))

    def _protections(self) -> Protection:
        """What holds for processes here, tried: one goes into the sandbox and decodes a picture of each kind there."""
        pictures = _one_of_each()
        for self._filtered in (True, False):
            pid = os.fork()
            if pid == 0:
                self._try(pictures)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if 0 <= status < _FAILED:
                return Protection(status)
        raise SystemExit(_FAILED)  # no picture could be decoded

    def _try(self, pictures: list[bytes]) -> None:
        status = _FAILED
        try:
            got = sandbox.enter(self._libc, self._memory_bytes, filtered=self._filtered)
            for data in pictures:
                render(guard(data), 32, 32)
            status = int(got)
        finally:
            os._exit(status)

    def _fork(self, number: int, descriptor: int) -> None:
        with socket.socket(fileno=descriptor) as end:
            try:
                pid = os.fork()
            except OSError:  # no process or memory is left: the parent finds the socket closed
                return
            if pid == 0:
                status = _FAILED
                try:
                    self._control.close()
                    sandbox.end_with_parent(self._libc, self._pid)
                    sandbox.enter(self._libc, self._memory_bytes, filtered=self._filtered)
                    decode_one(end)
                    status = 0
                finally:
                    os._exit(status)
            self._running[number] = pid

    def _end(self, number: int) -> int:
        pid = self._running.pop(number, None)
        if pid is None:
            return NOT_FORKED
        os.kill(pid, signal.SIGKILL)  # one that has ended keeps its id until it is waited for
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def decode_one(end: socket.socket) -> None:
    """Take one task, answer it."""
    task = wire.decode(lambda size: _read(end, size))
    pixels = memoryview(b"")
    try:
        if task.answer_bytes:
            pixels = render(task.picture, task.width, task.height).data.cast("B")
        else:
            load(task.picture)
        verdict = Verdict.DONE
    except ImageError as error:
        verdict = Verdict.UNSUPPORTED if error.code == "image_unsupported_variant" else Verdict.DAMAGED
    except MemoryError:
        verdict = Verdict.TOO_COSTLY
    end.sendall(bytes([verdict]))
    end.sendall(pixels)


def _read(end: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        got = end.recv_into(view)
        if not got:
            raise EOFError
        view = view[got:]
    return bytes(data)


def _one_of_each() -> list[bytes]:
    """Small pictures whose decoding imports and initialises all that decoders do at the first picture."""
    formats = [kind for kind in wire.FORMATS if kind != "AVIF" or features.check("avif")]
    found = []
    for kind in formats:
        for mode in _MODES:
            if kind == "JPEG" and mode in ("RGBA", "P"):
                continue
            buffer = io.BytesIO()
            Image.linear_gradient("L").resize((48, 40)).convert(mode).save(buffer, kind)
            found.append(buffer.getvalue())
    return found


def main() -> None:
    """Entry. Arguments: the descriptor of the socket, the parent's process id, and the bytes a process may take."""
    descriptor, parent, memory_bytes = map(int, sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when it is over
        signal.signal(number, signal.SIG_IGN)
    sandbox.end_with_parent(sandbox.libc(), parent)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a process in the sandbox can start no thread
    for data in _one_of_each():
        render(guard(data), 32, 32)
    gc.collect()
    gc.freeze()  # forked processes share what is there as long as nobody writes to it
    gc.disable()
    with Path(os.devnull).open("r+b", buffering=0) as nothing:  # what is written from here on may be a picture's words
        for standard in (0, 1, 2):
            os.dup2(nothing.fileno(), standard)
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    Server(control, memory_bytes).serve()


if __name__ == "__main__":
    main()
