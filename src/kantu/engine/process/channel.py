"""The socket between the two processes: pickled messages, and the pixels of pictures beside them, not inside.

Unpickling runs code of the sender's choosing. Both ends of this unnamed socket pair are ours from the start, a process
and the child it started itself; nobody else can write to it.
"""

from __future__ import annotations

import contextlib
import itertools
import pickle
import queue
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kantu.engine.process.messages import Message

_SIZES = struct.Struct("<IQ")  # how many buffers follow the pickle, and the bytes of the pickle
_MOST_TOGETHER = 256  # messages in one write


@dataclass(frozen=True, slots=True)
class Frame:
    """A message as it is sent: the sizes and the pickle, then its buffers, which are not copied.

    Attributes:
        size_bytes: of all of it.
    """

    parts: tuple[bytes | memoryview, ...]
    size_bytes: int


def encode(message: Message) -> Frame:
    """Pickle a message. Arrays in it are referred to, so they must not change before the frame is sent."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = struct.pack(f"<{len(views)}Q", *(view.nbytes for view in views))
    head = b"".join((_SIZES.pack(len(views), len(body)), sizes, body))
    return Frame((head, *views), len(head) + sum(view.nbytes for view in views))


class Channel:
    """One end. Any thread puts messages, which its own thread writes; one thread of its user's receives.

    Args:
        name: of the writing thread.
    """

    def __init__(self, end: socket.socket, name: str) -> None:
        self._socket = end
        self._file = end.makefile("rb")
        self._queue: queue.SimpleQueue[Frame | Message | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._offered_bytes = 0  # of the frames that were offered and are not yet written
        self._writer = threading.Thread(target=self._write, name=name, daemon=True)
        self._writer.start()

    def put(self, message: Message) -> None:
        """Send it when its turn comes. Never blocks, and may be called from a finalizer."""
        self._queue.put(message)

    def offer(self, frame: Frame, limit_bytes: int) -> bool:
        """Send it when its turn comes, or return False if with it more than `limit_bytes` would be waiting.

        What alone is over the limit is let in if nothing else waits. Never blocks.
        """
        with self._lock:
            if self._offered_bytes and self._offered_bytes + frame.size_bytes > limit_bytes:
                return False
            self._offered_bytes += frame.size_bytes
        self._queue.put(frame)
        return True

    def receive(self) -> Message | None:
        """The next message; None when the other end is gone. Arrays in it are read-only. Blocks."""
        try:
            count, size = _SIZES.unpack(self._read(_SIZES.size))
            sizes = struct.unpack(f"<{count}Q", self._read(8 * count))
            body = self._read(size)
            buffers = [self._read(each).toreadonly() for each in sizes]
        except (OSError, EOFError):
            return None
        message: Message = pickle.loads(body, buffers=buffers)
        return message

    def finish(self) -> None:
        """Wait until everything put so far is written, or the other end is gone; nothing more will be written."""
        self._queue.put(None)
        self._writer.join()

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

    def _write(self) -> None:
        connected = True
        for items in self._waiting():
            for frame, offered in _frames(items):
                if connected:
                    try:
                        for part in frame.parts:
                            self._socket.sendall(part)
                    except OSError:  # its reader hears of it too, and acts
                        connected = False
                if offered:
                    with self._lock:
                        self._offered_bytes -= frame.size_bytes

    def _waiting(self) -> Iterator[list[Frame | Message]]:
        """What waits, in turn, until nothing more will come. Waits for the next where nothing does."""
        while (item := self._queue.get()) is not None:
            items = [item]
            while len(items) < _MOST_TOGETHER and not self._queue.empty():
                if (item := self._queue.get()) is None:
                    yield items
                    return
                items.append(item)
            yield items


def _frames(items: Sequence[Frame | Message]) -> Iterator[tuple[Frame, bool]]:
    """What was offered, as it is (True); other messages in a row as one frame: a batch of deltas is one write."""
    for offered, group in itertools.groupby(items, key=lambda item: isinstance(item, Frame)):
        if offered:
            yield from ((item, True) for item in group if isinstance(item, Frame))
        else:
            whole = b"".join(part for item in group if not isinstance(item, Frame) for part in encode(item).parts)
            yield Frame((whole,), len(whole)), False
