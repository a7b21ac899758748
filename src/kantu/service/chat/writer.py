"""Deltas of the engine -> OpenAI's answer: the chunks of a stream, or all of it put together while it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kantu.engine.request import Delta, End, FinishReason, Timings, TokenLogprob, Usage
from kantu.errors import error
from kantu.service.chat import shapes
from kantu.service.chat.shapes import ChatCompletion, ChatCompletionChunk, ChunkChoice, CompletionUsage, KantuExtra

DONE = b"data: [DONE]\n\n"

PIECE_BYTES = 2**16
"""Of a whole answer, sent at once."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@dataclass(slots=True)
class _Choice:
    tokens: int = 0
    end: End | None = None


class AnswerWriter:
    """Words one answer, and counts it; keeps no text and no logprobs.

    Args:
        completion_id, created, model: what OpenAI's objects carry.
        answers: how many.
        logprobs: whether they were asked for.
        warnings: for the user, beside the answer.
    """

    def __init__(
        self, completion_id: str, created: int, model: str, answers: int, *, logprobs: bool, warnings: Sequence[str]
    ) -> None:
        self._id, self._created, self._model = completion_id, created, model
        self._choices = [_Choice() for _ in range(answers)]
        self._logprobs = logprobs
        self._warnings = list(warnings)

    def add(self, delta: Delta) -> None:
        """Count one delta."""
        choice = self._choices[delta.index]
        choice.tokens += len(delta.token_ids)
        choice.end = delta.end or choice.end

    @property
    def _ends(self) -> list[End]:
        """Of the answers that have ended."""
        return [choice.end for choice in self._choices if choice.end is not None]

    @property
    def usage(self) -> Usage:
        """Of all answers that have ended together; they share one prompt."""
        usages = [end.usage for end in self._ends]
        if not usages:
            return Usage(0, 0, 0)
        first = usages[0]
        completion = sum(usage.completion_tokens for usage in usages)
        return Usage(first.prompt_tokens, first.visual_tokens, completion, first.cached_tokens)

    @property
    def generated_tokens(self) -> int:
        """Of all answers, so far: what a cancelled request has used up, too."""
        return sum(choice.end.usage.completion_tokens if choice.end else choice.tokens for choice in self._choices)

    @property
    def timings(self) -> Timings | None:
        """Of the answer that took longest."""
        return max((end.timings for end in self._ends), key=lambda timings: timings.total_seconds, default=None)

    @property
    def finish_reasons(self) -> tuple[FinishReason, ...]:
        """Of the answers that have ended."""
        return tuple(end.finish_reason for end in self._ends)

    def completion(self) -> ChatCompletion:
        """The whole answer, but for its choices."""
        return {
            "id": self._id,
            "created": self._created,
            "model": self._model,
            "object": "chat.completion",
            "system_fingerprint": None,
            "choices": [],
            "usage": _worded_usage(self.usage),
            "kantu": self._extra(),
        }

    def worded_logprobs(self, logprobs: Sequence[TokenLogprob]) -> list[shapes.TokenLogprob] | None:
        """Those of some tokens; None where they were not asked for."""
        if not self._logprobs:
            return None
        return [
            {
                **_token(token.token, token.logprob),
                "top_logprobs": [_token(piece, logprob) for _, piece, logprob in token.top],
            }
            for token in logprobs
        ]

    def first_chunks(self, include_usage: bool) -> Iterator[bytes]:
        """What opens every answer of a stream."""
        for index in range(len(self._choices)):
            delta: shapes.ChunkDelta = {"role": "assistant", "content": ""}
            yield self._event({"index": index, "delta": delta, "logprobs": None, "finish_reason": None}, include_usage)

    def chunk(self, delta: Delta, include_usage: bool, *, of_each: bool = False) -> bytes | None:
        """One delta of a stream; None where there is nothing to tell.

        Args:
            of_each: the last delta of each answer tells the usage of this answer alone.
        """
        end = delta.end
        if not (delta.text or delta.logprobs or end):
            return None
        logprobs = self.worded_logprobs(delta.logprobs)
        own = _worded_usage(end.usage) if of_each and end is not None else None
        choice: ChunkChoice = {
            "index": delta.index,
            "delta": {"content": delta.text} if delta.text or delta.logprobs else {},
            "logprobs": None if logprobs is None else {"content": logprobs, "refusal": None},
            "finish_reason": None if end is None else end.finish_reason,
        }
        return self._event(choice, include_usage, own)

    def last_chunk(self) -> bytes:
        """The chunk with the usage of a stream that asked for it."""
        return event({**self._chunk([]), "usage": _worded_usage(self.usage), "kantu": self._extra()})

    def _event(self, choice: ChunkChoice, include_usage: bool, usage: CompletionUsage | None = None) -> bytes:
        chunk = self._chunk([choice])
        if include_usage or usage is not None:
            chunk["usage"] = usage
        return event(chunk)

    def _chunk(self, choices: list[ChunkChoice]) -> ChatCompletionChunk:
        return {
            "id": self._id,
            "created": self._created,
            "model": self._model,
            "object": "chat.completion.chunk",
            "system_fingerprint": None,
            "choices": choices,
        }

    def _extra(self) -> KantuExtra:
        timings = self.timings
        return {"warnings": self._warnings, "timings": None if timings is None else _worded_timings(timings)}


class WholeAnswer:
    """The answer of a request that does not stream, put together while it comes. Used on the event loop only.

    Each delta is encoded when it arrives: so nothing long is left to do at the end, what is held is bytes and not
    objects (20 alternatives a token are 1.5 KB so, and twice that as objects), and how many they are is known.

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
            raise error("answer_too_large", most_bytes=self._most_bytes)

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
        head, end = encode(self._writer.completion()).split(b'"choices":[]')
        parts: list[bytes | bytearray] = [head, b'"choices":[']
        finish_reasons = self._writer.finish_reasons
        for index, (text, logprobs, finish) in enumerate(zip(self._texts, self._logprobs, finish_reasons, strict=True)):
            has_logprobs = self._writer.worded_logprobs(()) is not None
            choice: shapes.Choice = {
                "index": index,
                "message": {"role": "assistant", "content": "", "refusal": None},
                "logprobs": {"content": [], "refusal": None} if has_logprobs else None,
                "finish_reason": finish,
            }
            before, after = encode(choice).split(b'"content":""')  # what is long is put in between
            parts += [b"," if index else b"", before, b'"content":"', text, b'"']
            if has_logprobs:
                before, after = after.split(b'"content":[]')
                parts += [before, b'"content":[', logprobs, b"]"]
            parts.append(after)
        parts += [b"]", end]
        return parts


def encode(content: Any) -> bytes:
    """JSON as it is sent."""
    return _encode(content).encode()


def event(content: Mapping[str, Any], name: str | None = None) -> bytes:
    """One server-sent event."""
    head = b"" if name is None else f"event: {name}\n".encode()
    return head + b"data: " + encode(content) + b"\n\n"


def _worded_usage(usage: Usage) -> CompletionUsage:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "image_tokens": usage.visual_tokens,
            "text_tokens": usage.prompt_tokens - usage.visual_tokens,
        },
        "visual_tokens": usage.visual_tokens,
    }


def _worded_timings(timings: Timings) -> shapes.AnswerTimings:
    return {
        "preprocess_seconds": timings.preprocess_seconds,
        "encode_seconds": timings.encode_seconds,
        "ttft_seconds": timings.ttft_seconds,
        "tpot_seconds": timings.tpot_seconds,
        "total_seconds": timings.total_seconds,
    }


def _token(token: bytes, logprob: float) -> shapes.TopLogprob:
    """JSON knows no infinity: -9999.0 is OpenAI's word for a token that cannot be."""
    return {
        "token": token.decode("utf-8", "replace"),
        "logprob": max(logprob, -9999.0),
        "bytes": list(token),
    }
