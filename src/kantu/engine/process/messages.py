"""What the two processes tell each other: frozen dataclasses, and how they become bytes.

A number names a request over all restarts. A message is pickled; the pixels of its images go beside the pickle, not
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
        factory: the pickled function that makes the engine; in bytes, so that failing to import it is a load error.
        close_seconds: how long the child may take to end once it is told to.
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
    """`Engine.check`; answered by a Reply of None or of what does not add up."""

    number: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Close:
    """Cancel what runs, and end."""


# From the child


@dataclass(frozen=True, slots=True)
class Loaded:
    """The engine takes requests."""


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """It never will; the child ends."""

    error: KantuError


@dataclass(frozen=True, slots=True)
class Reply:
    """A piece of the answer to the message of this number; `last` says that nothing more comes."""

    number: int
    item: Delta | Scores | KantuError | str | None
    last: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's stats: every half second while something runs, and once more when nothing does."""

    stats: Stats


@dataclass(frozen=True, slots=True)
class Pong:
    """I am."""


Message = Load | Submit | Score | Cancel | Check | Ping | Close | Loaded | LoadFailed | Reply | Snapshot | Pong


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
