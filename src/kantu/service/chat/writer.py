"""A chat completion as OpenAI words it: the chunks of a stream, or all of it put together while it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kantu.engine.request import Delta, Timings, TokenLogprob, Usage
from kantu.errors import KantuError
from kantu.service.chat import shapes
from kantu.service.chat.answer import Answer
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.sending import Collected, Parts, encode, event
from kantu.service.chat.shapes import ChatCompletion, ChatCompletionChunk, ChunkChoice, CompletionUsage, KantuExtra
from kantu.service.chat.translate import constraint_path
from kantu.service.errors import envelope
from kantu.service.language import Language

_DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class ChatWording:
    """Of POST /v1/chat/completions, in whose words all others are asked."""

    request: ChatRequest
    endpoint: str = "chat"

    @property
    def stream(self) -> bool:
        """Whether the answer comes in chunks."""
        return bool(self.request.stream)

    def writer(self, answer: Answer) -> ChatWriter:
        """Who words the answer, before it comes."""
        return ChatWriter(answer, self.request)

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails."""
        return _failure_events(failure, language)

    def as_sent(self, failure: KantuError) -> None:
        """The names are those of the body, but for the constraint, which it can give in several ways."""
        if failure.param == "constraint":
            failure.param = constraint_path(self.request)


class ChatWriter:
    """Words one answer; a `Writer`.

    Args:
        body: whether it asks for logprobs and, in a stream, for usage.
    """

    def __init__(self, answer: Answer, body: ChatRequest) -> None:
        self._answer = answer
        self._logprobs = bool(body.logprobs)
        options = body.stream_options
        self._include_usage = options is not None and bool(options.include_usage)
        self._usage_of_each = options is not None and bool(options.continuous_usage_stats)
        self._collected = Collected(answer.count, answer.most_bytes)

    def first_events(self) -> bytes:
        """What opens every answer of a stream; the first one has the label of all."""
        delta: shapes.ChunkDelta = {"role": "assistant", "content": ""}
        return b"".join(
            self._event({"index": index, "delta": delta, "logprobs": None, "finish_reason": None}, labelled=index == 0)
            for index in range(self._answer.count)
        )

    def events(self, delta: Delta) -> bytes:
        """One delta of a stream; the last one of each answer tells the usage of this answer alone, where asked."""
        end = delta.end
        if not (delta.text or delta.logprobs or end):
            return b""
        logprobs = self._worded_logprobs(delta.logprobs)
        own = _worded_usage(end.usage) if self._usage_of_each and end is not None else None
        choice: ChunkChoice = {
            "index": delta.index,
            "delta": {"content": delta.text} if delta.text or delta.logprobs else {},
            "logprobs": None if logprobs is None else {"content": logprobs, "refusal": None},
            "finish_reason": None if end is None else end.finish_reason,
        }
        return self._event(choice, own)

    def last_events(self) -> Parts:
        """The chunk with the usage, where asked, and OpenAI's mark of the end."""
        if not self._include_usage:
            return [_DONE]
        usage = _worded_usage(self._answer.usage)
        return [event({**self._chunk([]), "usage": usage, "kantu": worded_extra(self._answer)}), _DONE]

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails."""
        return _failure_events(failure, language)

    def add(self, delta: Delta) -> None:
        """Take in one delta of a whole answer; see `Collected.add`."""
        self._collected.add(delta.index, delta.text, self._worded_logprobs(delta.logprobs) or ())

    def whole(self) -> Parts:
        """The JSON of a whole answer."""
        head, end = encode(self._completion()).split(b'"choices":[]')
        parts: list[bytes | bytearray] = [head, b'"choices":[']
        collected, finish_reasons = self._collected, self._answer.finish_reasons
        for index, (text, logprobs, finish) in enumerate(
            zip(collected.texts, collected.logprobs, finish_reasons, strict=True)
        ):
            choice: shapes.Choice = {
                "index": index,
                "message": {"role": "assistant", "content": "", "refusal": None},
                "logprobs": {"content": [], "refusal": None} if self._logprobs else None,
                "finish_reason": finish,
            }
            before, after = encode(choice).split(b'"content":""')  # what is long is put in between
            parts += [b"," if index else b"", before, b'"content":"', text, b'"']
            if self._logprobs:
                before, after = after.split(b'"content":[]')
                parts += [before, b'"content":[', logprobs, b"]"]
            parts.append(after)
        parts += [b"]", end]
        return parts

    def _completion(self) -> ChatCompletion:
        """The whole answer, but for its choices."""
        return {
            "id": self._id,
            "created": self._answer.created,
            "model": self._answer.model,
            "object": "chat.completion",
            "system_fingerprint": None,
            "choices": [],
            "usage": _worded_usage(self._answer.usage),
            "kantu": worded_extra(self._answer),
        }

    def _event(self, choice: ChunkChoice, usage: CompletionUsage | None = None, *, labelled: bool = False) -> bytes:
        chunk = self._chunk([choice])
        if labelled and self._answer.label is not None:
            chunk["kantu"] = worded_extra(self._answer)
        if self._include_usage or usage is not None:
            chunk["usage"] = usage
        return event(chunk)

    def _chunk(self, choices: list[ChunkChoice]) -> ChatCompletionChunk:
        return {
            "id": self._id,
            "created": self._answer.created,
            "model": self._answer.model,
            "object": "chat.completion.chunk",
            "system_fingerprint": None,
            "choices": choices,
        }

    @property
    def _id(self) -> str:
        return f"chatcmpl-{self._answer.id}"

    def _worded_logprobs(self, logprobs: Sequence[TokenLogprob]) -> list[shapes.TokenLogprob] | None:
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


def _failure_events(failure: KantuError, language: Language) -> bytes:
    return event(envelope(failure, language), "error")


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


def worded_extra(answer: Answer) -> KantuExtra:
    """Our own field, the same in every API."""
    timings = answer.timings
    extra: KantuExtra = {
        "warnings": list(answer.warnings),
        "timings": None if timings is None else _worded_timings(timings),
    }
    if answer.label is not None:
        told: Any = answer.label.model_dump()  # as JSON has it
        extra["label"] = told
    return extra


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
