"""One end of the socket pair between the two processes: messages in, messages out."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections import deque

from kantu.engine.process.messages import Frame, Message, decode, encode

_MOST_PARTS = 256  # in one write; the system takes 1,024


class Channel:
    """Any thread may put messages; one thread of the user receives.

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
        """Send it when its turn comes; False if too much is waiting already (see `Outbox.offer`). Never blocks."""
        return self._outbox.offer(frame, limit_bytes)

    def receive(self) -> Message | None:
        """Wait for the next message; None when the other end is gone. Its arrays are read-only."""
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


class Outbox:
    """Writes frames in order. The thread that puts a frame writes it, and everything waiting, if no other thread is
    writing and the socket has room. A thread of the outbox writes the rest. So most frames need no change of threads,
    and no caller waits for the other side.

    `put` may be called from a finalizer, even from one that runs inside `put`: it waits for no lock.

    Args:
        name: of the writing thread.
    """

    def __init__(self, end: socket.socket, name: str) -> None:
        self._socket = end
        self._items: deque[tuple[Frame, bool]] = deque()  # and whether it was offered
        self._turn = threading.Lock()  # held by the thread that writes; guards what follows
        self._parts: list[memoryview] = []  # taken from the items and not yet written
        self._offered_parts_bytes = 0  # of the offered frame that ends with those parts
        self._written_bytes = 0  # of all frames ever offered
        self._over = False  # nothing will be written any more
        self._counting = threading.Lock()  # guards what follows
        self._offered_bytes = 0  # of all frames ever offered
        self._calls: queue.SimpleQueue[bool] = queue.SimpleQueue()  # wakes the writing thread; False ends it
        self._writer = threading.Thread(target=self._work, name=name, daemon=True)
        self._writer.start()

    def put(self, frame: Frame) -> None:
        """Write it when its turn comes. Never blocks."""
        self._put(frame, False)

    def offer(self, frame: Frame, limit_bytes: int) -> bool:
        """Write it when its turn comes; False if more than `limit_bytes` would then be waiting.

        A frame over the limit by itself is taken if nothing else is waiting. Never blocks.
        """
        with self._counting:
            waiting_bytes = self._offered_bytes - self._written_bytes
            if waiting_bytes and waiting_bytes + frame.size_bytes > limit_bytes:
                return False
            self._offered_bytes += frame.size_bytes
        self._put(frame, True)
        return True

    def finish(self) -> None:
        """Wait until everything put so far is written, or the other end is gone; nothing more will be written."""
        self._calls.put(False)
        self._writer.join()

    def _put(self, frame: Frame, offered: bool) -> None:
        self._items.append((frame, offered))
        if self._turn.acquire(blocking=False):
            try:
                self._write(socket.MSG_DONTWAIT)
                left = bool(self._parts)
            finally:
                self._turn.release()
            if left or self._items:  # another thread has put more meanwhile and left it to this one
                self._calls.put(True)

    def _work(self) -> None:
        going = True
        while going:
            going = self._calls.get()
            while self._items or self._parts:
                with self._turn:
                    self._write(0)
        with self._turn:
            self._over = True

    def _write(self, flags: int) -> None:
        """Write everything, or what the socket takes at once, depending on `flags`. The caller holds `_turn`."""
        while self._parts or self._items:
            if not self._parts:
                self._take()
            try:
                sent = 0 if self._over else self._socket.sendmsg(self._parts[:_MOST_PARTS], (), flags)
            except BlockingIOError:
                return
            except OSError:  # the thread that receives notices too, and acts
                self._over = True
            self._parts = [] if self._over else _after(self._parts, sent)
            if not self._parts:
                self._written_bytes += self._offered_parts_bytes
                self._offered_parts_bytes = 0

    def _take(self) -> None:
        """Take consecutive frames, up to one that was offered, so that a batch of deltas is one write."""
        while self._items and len(self._parts) < _MOST_PARTS and not self._offered_parts_bytes:
            frame, offered = self._items.popleft()
            self._parts += [view for part in frame.parts if len(view := memoryview(part).cast("B"))]
            if offered:
                self._offered_parts_bytes = frame.size_bytes


def _after(parts: list[memoryview], sent: int) -> list[memoryview]:
    """What is left of `parts` after `sent` bytes."""
    for index, part in enumerate(parts):
        if sent < len(part):
            return [part[sent:], *parts[index + 1 :]]
        sent -= len(part)
    return []
