"""One end of the socket pair between the two processes."""

from __future__ import annotations

import contextlib
import socket

from kantu.engine.process.frame import Frame, decode, encode
from kantu.engine.process.messages import Message
from kantu.engine.process.outbox import Outbox


class Channel:
    """Any thread puts messages; one thread of its user's receives.

    Args:
        name: of the thread that writes what the socket does not take at once.
    """

    def __init__(self, end: socket.socket, name: str) -> None:
        self._socket = end
        self._file = end.makefile("rb")
        self._outbox = Outbox(end, name)

    def put(self, message: Message) -> None:
        """Send it when its turn comes. Never blocks, and may be called from a finalizer."""
        self._outbox.put(encode(message))

    def offer(self, frame: Frame, limit_bytes: int) -> bool:
        """Send it when its turn comes; False if too much waits already: see `Outbox.offer`. Never blocks."""
        return self._outbox.offer(frame, limit_bytes)

    def receive(self) -> Message | None:
        """The next message; None when the other end is gone. Arrays in it are read-only. Blocks."""
        try:
            return decode(self._read)
        except (OSError, EOFError):
            return None

    def finish(self) -> None:
        """Wait until everything put so far is written, or the other end is gone; nothing more will be written."""
        self._outbox.finish()

    def shut(self) -> None:
        """Make both ends' blocked reads and writes return. From any thread, any number of times."""
        with contextlib.suppress(OSError):  # not connected any more
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free it; call it from the thread that receives."""
        self.shut()
        self.finish()
        self._file.close()
        self._socket.close()

    def _read(self, size: int) -> memoryview:
        view = memoryview(bytearray(size))
        if self._file.readinto(view) < size:
            raise EOFError
        return view
