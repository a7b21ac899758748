"""The answer of a request that does not stream, put together while it comes.

Each delta is encoded when it arrives: so nothing long is left to do at the end, what is held is bytes and not objects
(20 alternatives a token are 1.5 KB so, and twice that as objects), and how many they are is known at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kantu.engine.request import Delta
from kantu.errors import InvalidRequestError
from kantu.service.chat.writer import AnswerWriter, encode

PIECE_BYTES = 2**16
"""Of an answer, sent at once."""


class WholeAnswer:
    """Used on the event loop only.

    Args:
        writer: of the same answer; it has to be told of the deltas too.
        most_bytes: that are held.
    """

    def __init__(self, writer: AnswerWriter, answers: int, most_bytes: int) -> None:
        self._writer = writer
        self._most_bytes = most_bytes
        self._texts = [bytearray() for _ in range(answers)]  # JSON, without the quotes around it
        self._logprobs = [bytearray() for _ in range(answers)]  # JSON, without the brackets around it
        self._bytes = 0

    def add(self, delta: Delta) -> None:
        """Take one delta in.

        Raises:
            InvalidRequestError: `answer_too_large`.
        """
        text = encode(delta.text)[1:-1]
        self._texts[delta.index] += text
        logprobs = self._logprobs[delta.index]
        before = len(logprobs)
        for worded in self._writer.worded_logprobs(delta.logprobs) or ():
            logprobs += b"," if logprobs else b""
            logprobs += encode(worded)
        self._bytes += len(text) + len(logprobs) - before
        if self._bytes > self._most_bytes:
            raise answer_too_large(self._most_bytes)

    def pieces(self) -> Iterator[bytes]:
        """The JSON of all of it, once every answer has ended, in pieces of `PIECE_BYTES`; the last one is the rest."""
        piece = bytearray()
        for part in self._parts():
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

    @property
    def size_bytes(self) -> int:
        """Of all pieces together."""
        return sum(len(part) for part in self._parts())

    def _parts(self) -> Sequence[bytes | bytearray]:
        has_logprobs = self._writer.worded_logprobs(()) is not None
        head = encode(self._writer.object("chat.completion", []))
        parts: list[bytes | bytearray] = [head.removesuffix(b"]}")]
        finish_reasons = self._writer.finish_reason_of_each
        for index, (text, logprobs, finish) in enumerate(zip(self._texts, self._logprobs, finish_reasons, strict=True)):
            comma = b"," if index else b""
            parts += [comma + b'{"index":%d,"message":{"role":"assistant","content":"' % index, text]
            parts.append(b'","refusal":null},"logprobs":')
            parts += [b'{"content":[', logprobs, b'],"refusal":null}'] if has_logprobs else [b"null"]
            parts.append(b',"finish_reason":' + encode(finish) + b"}")
        parts.append(b"]," + encode(self._writer.end())[1:])
        return parts


def answer_too_large(most_bytes: int) -> InvalidRequestError:
    """More bytes than one request may have in answers."""
    return InvalidRequestError(
        "answer_too_large",
        f"全部回答可能超过 {most_bytes} 字节：请减小 top_logprobs、n 或 max_completion_tokens。",
        f"The answers could exceed {most_bytes} bytes: lower top_logprobs, n or max_completion_tokens.",
        param="top_logprobs",
    )
