"""JSON as it is sent: events of a stream, and whole answers, which are encoded while they come. No API's own words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kantu.errors import error

PIECE_BYTES = 2**16
"""Of a whole answer, or of what ends a stream, sent at once."""

Parts = Sequence[bytes | bytearray]
"""What belongs together, in as many parts as it was put together from: what is long is not copied."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encode(content: Any) -> bytes:
    """JSON as it is sent."""
    return _encode(content).encode()


def event(content: Mapping[str, Any], name: str | None = None) -> bytes:
    """One server-sent event."""
    head = b"" if name is None else f"event: {name}\n".encode()
    return head + b"data: " + encode(content) + b"\n\n"


class Collected:
    """The texts of several answers, put together while they come. Used on the event loop only.

    Each delta is encoded when it arrives: so nothing long is left to do at the end, what is held is bytes and not
    objects (20 alternatives a token are 1.5 KB so, and twice that as objects), and how many they are is known.

    Attributes:
        texts: JSON of each answer, without the quotes around it.
        logprobs: JSON of each answer, without the brackets around it.
    """

    def __init__(self, answers: int, most_bytes: int) -> None:
        self.texts = [bytearray() for _ in range(answers)]
        self.logprobs = [bytearray() for _ in range(answers)]
        self._most_bytes = most_bytes
        self._bytes = 0

    def add(self, index: int, text: str, logprobs: Iterable[Any] = ()) -> None:
        """Take in what has come of one answer.

        Raises:
            InvalidRequestError: `answer_too_large`.
        """
        encoded = encode(text)[1:-1]
        self.texts[index] += encoded
        held = self.logprobs[index]
        before = len(held)
        for worded in logprobs:
            held += b"," if held else b""
            held += encode(worded)
        self._bytes += len(encoded) + len(held) - before
        if self._bytes > self._most_bytes:
            raise error("answer_too_large", most_bytes=self._most_bytes)


def size_bytes(parts: Parts) -> int:
    """Of all parts together."""
    return sum(map(len, parts))


def pieces(parts: Parts) -> Iterator[bytes]:
    """All parts in pieces of `PIECE_BYTES`; the last one is the rest."""
    piece = bytearray()
    for part in parts:
        view = memoryview(part)
        while view:
            taken = view[: PIECE_BYTES - len(piece)]
            piece += taken
            view = view[len(taken) :]
            if len(piece) == PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)
