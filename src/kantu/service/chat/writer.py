"""Deltas of the engine -> OpenAI's answer: its objects, and the chunks of a stream. `whole.py` puts one together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kantu.engine.request import Delta, End, Timings, TokenLogprob, Usage

DONE = b"data: [DONE]\n\n"

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
        self._head = {"id": completion_id, "created": created, "model": model}
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
    def finish_reasons(self) -> tuple[str, ...]:
        """Of the answers that have ended."""
        return tuple(end.finish_reason for end in self._ends)

    @property
    def finish_reason_of_each(self) -> tuple[str | None, ...]:
        """Of all answers in order; None of those that have not ended."""
        return tuple(None if choice.end is None else choice.end.finish_reason for choice in self._choices)

    def object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """What all objects of one answer share."""
        return {**self._head, "object": kind, "system_fingerprint": None, "choices": choices}

    def end(self) -> dict[str, Any]:
        """The fields that stand where an answer is over."""
        timings = self.timings
        extra = {"warnings": self._warnings, "timings": None if timings is None else asdict(timings)}
        return {"usage": _worded_usage(self.usage), "kantu": extra}

    def worded_logprobs(self, logprobs: Sequence[TokenLogprob]) -> list[dict[str, Any]] | None:
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
            yield self._chunk(index, {"role": "assistant", "content": ""}, None, None, include_usage)

    def chunk(self, delta: Delta, include_usage: bool, *, of_each: bool = False) -> bytes | None:
        """One delta of a stream; None where there is nothing to tell.

        Args:
            of_each: the last delta of each answer tells the usage of this answer alone.
        """
        end = delta.end
        if not (delta.text or delta.logprobs or end):
            return None
        content = {"content": delta.text} if delta.text or delta.logprobs else {}
        content_logprobs = self.worded_logprobs(delta.logprobs)
        logprobs = None if content_logprobs is None else {"content": content_logprobs, "refusal": None}
        own = _worded_usage(end.usage) if of_each and end is not None else None
        finish_reason = None if end is None else end.finish_reason
        return self._chunk(delta.index, content, logprobs, finish_reason, include_usage, own)

    def last_chunk(self) -> bytes:
        """The chunk with the usage of a stream that asked for it."""
        return event({**self.object("chat.completion.chunk", []), **self.end()})

    def _chunk(
        self, index: int, delta: dict[str, Any], logprobs: Any, finish: Any, include_usage: bool, usage: Any = None
    ) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        chunk = self.object("chat.completion.chunk", [choice])
        return event({**chunk, **({"usage": usage} if include_usage or usage else {})})


def encode(content: Any) -> bytes:
    """JSON as it is sent."""
    return _encode(content).encode()


def event(content: dict[str, Any], name: str | None = None) -> bytes:
    """One server-sent event."""
    head = b"" if name is None else f"event: {name}\n".encode()
    return head + b"data: " + encode(content) + b"\n\n"


def _worded_usage(usage: Usage) -> dict[str, Any]:
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


def _token(token: bytes, logprob: float) -> dict[str, Any]:
    """JSON knows no infinity: -9999.0 is OpenAI's word for a token that cannot be."""
    return {
        "token": token.decode("utf-8", "replace"),
        "logprob": max(logprob, -9999.0),
        "bytes": list(token),
    }
