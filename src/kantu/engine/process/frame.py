"""A message as bytes: pickled, and the pixels of pictures beside the pickle, not inside.

Unpickling runs code of the sender's choosing. Both ends of the unnamed socket pair that these bytes go through are ours
from the start, a process and the child it started itself; nobody else can write to it.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass

from kantu.engine.process.messages import Message

_SIZES = struct.Struct("<IQ")  # how many buffers follow the pickle, and the bytes of the pickle


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


def decode(read: Callable[[int], memoryview]) -> Message:
    """The next message from where `read` gives so many bytes. Arrays in it are read-only. Raises what `read` raises."""
    count, size = _SIZES.unpack(read(_SIZES.size))
    sizes = struct.unpack(f"<{count}Q", read(8 * count))
    body = read(size)
    message: Message = pickle.loads(body, buffers=[read(each).toreadonly() for each in sizes])
    return message
