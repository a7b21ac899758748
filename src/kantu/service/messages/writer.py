"""Deltas of the engine -> Anthropic's answer: the events of a stream, or all of it put together while it comes."""

from __future__ import annotations

from kantu.engine.request import Delta, End, FinishReason
from kantu.engine.request import Usage as EngineUsage
from kantu.errors import KantuError
from kantu.service.chat.answer import Answer
from kantu.service.chat.sending import Collected, Parts, encode, event
from kantu.service.chat.writer import worded_extra
from kantu.service.errors import envelope
from kantu.service.language import Language
from kantu.service.messages.schemas import MessageRequest
from kantu.service.messages.shapes import BegunMessage, Event, Message, MessageDelta, StopReason, Usage
from kantu.service.messages.translate import as_sent, chat_request

_STOP_REASONS: dict[FinishReason, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "repetition": "repetition",
}


class MessageWording:
    """Of one request; a `Wording`."""

    endpoint = "messages"

    def __init__(self, body: MessageRequest) -> None:
        self._body = body
        self.request = chat_request(body)
        self.stream = bool(body.stream)

    def writer(self, answer: Answer) -> MessageWriter:
        """Who words the answer, before it comes."""
        return MessageWriter(answer)

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails."""
        return _failure_events(failure, language)

    def as_sent(self, failure: KantuError) -> None:
        """Name the parameter of an error as the client did."""
        as_sent(failure, self._body)


class MessageWriter:
    """Words one answer; a `Writer`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._collected = Collected(answer.count, answer.most_bytes)
        self._end: End | None = None

    def first_events(self) -> bytes:
        """The message and its only block begin. How many tokens the prompt has, the engine tells at the end."""
        message: BegunMessage = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._answer.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _worded_usage(self._answer.usage),
        }
        return (
            _event({"type": "message_start", "message": message})
            + _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
            + _event({"type": "ping"})
        )

    def events(self, delta: Delta) -> bytes:
        """The text of one delta."""
        self._end = delta.end or self._end
        if not delta.text:
            return b""
        return _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": delta.text}})

    def last_events(self) -> Parts:
        """The block ends, then the message."""
        stop_reason, stop_sequence = self._stop()
        ending: MessageDelta = {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason, "stop_sequence": stop_sequence},
            "usage": _worded_usage(self._answer.usage),
            "kantu": worded_extra(self._answer),
        }
        return [_event({"type": "content_block_stop", "index": 0}), _event(ending), _event({"type": "message_stop"})]

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails."""
        return _failure_events(failure, language)

    def add(self, delta: Delta) -> None:
        """Take in one delta of a whole answer; see `Collected.add`."""
        self._end = delta.end or self._end
        self._collected.add(delta.index, delta.text)

    def whole(self) -> Parts:
        """The JSON of a whole answer."""
        stop_reason, stop_sequence = self._stop()
        message: Message = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._answer.model,
            "content": [{"type": "text", "text": ""}],
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "usage": _worded_usage(self._answer.usage),
            "kantu": worded_extra(self._answer),
        }
        before, after = encode(message).split(b'"text":""')  # what is long is put in between
        (text,) = self._collected.texts
        return [before, b'"text":"', text, b'"', after]

    @property
    def _id(self) -> str:
        return f"msg_{self._answer.id}"

    def _stop(self) -> tuple[StopReason, str | None]:
        """Why the answer has ended, and the stop sequence if that was it."""
        assert self._end is not None
        if self._end.stop_string is not None:
            return "stop_sequence", self._end.stop_string
        return _STOP_REASONS[self._end.finish_reason], None


def _event(content: Event) -> bytes:
    return event(content, content["type"])


def _failure_events(failure: KantuError, language: Language) -> bytes:
    return event(envelope(failure, language, "anthropic"), "error")


def _worded_usage(usage: EngineUsage) -> Usage:
    """Anthropic counts what was reused apart; together they are the prompt."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
        "visual_tokens": usage.visual_tokens,
    }
