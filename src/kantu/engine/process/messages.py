"""The messages between the two processes: frozen dataclasses, and their encoding as bytes.

A request keeps its number over all restarts. A message is pickled; the pixels of its images go beside the pickle, not
inside. Unpickling runs code of the sender's choosing, but both ends of the unnamed socket pair that carries these bytes
are ours from the start, a process and the child it started itself; nobody else can write to it.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass

from kantu.engine.metrics import Stats
from kantu.engine.request import Delta, Request, Scores
from kantu.errors import KantuError

_SIZES = struct.Struct("<IQ")  # how many buffers follow the pickle, and the bytes of the pickle

# To the child


@dataclass(frozen=True, slots=True)
class Load:
    """The first message.

    Attributes:
        factory: the pickled function that makes the engine; as bytes, so that a failing import is a load error.
        close_seconds: how long the child may take to end after `Close`.
    """

    factory: bytes
    close_seconds: float


@dataclass(frozen=True, slots=True)
class Submit:
    number: int
    request: Request


@dataclass(frozen=True, slots=True)
class Score:
    number: int
    request: Request
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    number: int


@dataclass(frozen=True, slots=True)
class Check:
    """Asks for `Engine.check`; the reply's item is None or the failure as text."""

    number: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a Pong."""


@dataclass(frozen=True, slots=True)
class Close:
    """Asks the child to cancel all requests and end."""


# From the child


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine is loaded and takes requests."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The engine cannot be loaded; the child ends."""

    error: KantuError


@dataclass(frozen=True, slots=True)
class Reply:
    """A part of the answer to the message of this number; nothing follows the `last` one."""

    number: int
    item: Delta | Scores | KantuError | str | None
    last: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's stats, sent every half second while something runs and once when nothing does any more."""

    stats: Stats


@dataclass(frozen=True, slots=True)
class Pong:
    """Answers a Ping."""


Message = Load | Submit | Score | Cancel | Check | Ping | Close | Loaded | LoadFailed | Reply | Snapshot | Pong


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded message: the sizes and the pickle, then the buffers, which are not copied.

    Attributes:
        size_bytes: of all parts together.
    """

    parts: tuple[bytes | memoryview, ...]
    size_bytes: int


def encode(message: Message) -> Frame:
    """Pickle a message. Its arrays are not copied, so they must not change before the frame is sent."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = struct.pack(f"<{len(views)}Q", *(view.nbytes for view in views))
    head = b"".join((_SIZES.pack(len(views), len(body)), sizes, body))
    return Frame((head, *views), len(head) + sum(view.nbytes for view in views))


def decode(read: Callable[[int], memoryview]) -> Message:
    """The next message; `read` returns as many bytes as it is asked for, or raises. Its arrays are read-only."""
    count, size = _SIZES.unpack(read(_SIZES.size))
    sizes = struct.unpack(f"<{count}Q", read(8 * count))
    body = read(size)
    message: Message = pickle.loads(body, buffers=[read(each).toreadonly() for each in sizes])
    return message
