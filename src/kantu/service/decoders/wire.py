"""What passes between the gateway and a decoder process: fixed binary frames, of which each side knows the size.

Nothing is unpickled, and a decoder process is believed in nothing: it says one byte, and pixels, as many as were asked
for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from kantu.processing.container import Container

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP")
_TASK = struct.Struct("<BBIIIIQ")


class Verdict(IntEnum):
    """What a decoder process says first. Pixels follow DONE."""

    DONE = 0
    DAMAGED = 1
    UNSUPPORTED = 2
    TOO_COSTLY = 3


@dataclass(frozen=True, slots=True)
class Task:
    """A picture to decode, from the guard, and the size that is wanted; 0 x 0 is only to see whether it can be."""

    picture: Container
    width: int = 0
    height: int = 0

    @property
    def answer_bytes(self) -> int:
        """How many bytes of pixels follow DONE."""
        return self.width * self.height * 3


def encode(task: Task) -> tuple[bytes, bytes]:
    """The frame of a task in two parts."""
    picture = task.picture
    head = _TASK.pack(
        FORMATS.index(picture.format),
        picture.orientation,
        picture.width,
        picture.height,
        task.width,
        task.height,
        len(picture.data),
    )
    return head, picture.data


def decode(read: Callable[[int], bytes]) -> Task:
    """The task that comes from where `read` gives so many bytes."""
    kind, orientation, stored_width, stored_height, width, height, size = _TASK.unpack(read(_TASK.size))
    picture = Container(FORMATS[kind], stored_width, stored_height, read(size), orientation)
    return Task(picture, width, height)
