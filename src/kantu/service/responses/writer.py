"""A response as OpenAI words it: the events of a stream, or all of it put together while it comes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any, Literal

from kantu.engine.request import Delta, FinishReason, Usage
from kantu.errors import KantuError
from kantu.service.chat.answer import Answer
from kantu.service.chat.sending import Collected, Parts, encode, event
from kantu.service.chat.writer import worded_extra
from kantu.service.errors import envelope
from kantu.service.language import Language
from kantu.service.responses.schemas import CreateResponse
from kantu.service.responses.shapes import OutputItem, OutputTextPart, Response, ResponseUsage, Status
from kantu.service.responses.translate import as_sent, chat_request

_NO_TEXT = b'"text":""'


class ResponsesWording:
    """Of one POST /v1/responses; a `Wording`."""

    endpoint = "responses"

    def __init__(self, body: CreateResponse) -> None:
        self._body = body
        self.request = chat_request(body)
        self.stream = bool(body.stream)

    def writer(self, answer: Answer) -> ResponsesWriter:
        """Who words the answer, before it comes."""
        return ResponsesWriter(answer, self._body)

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails before its first events: a response that has only been created."""
        never_begun = Answer(secrets.token_hex(12), int(time.time()), self._body.model, 1, 0)
        writer = ResponsesWriter(never_begun, self._body)
        return writer.created() + writer.failure_events(failure, language)

    def as_sent(self, failure: KantuError) -> None:
        """Name parameters as the body does."""
        as_sent(failure, self._body)


class ResponsesWriter:
    """Words one answer; a `Writer`. The end of a stream repeats the text, so that it is held here, too.

    Args:
        body: what the response repeats of it.
    """

    def __init__(self, answer: Answer, body: CreateResponse) -> None:
        self._answer, self._body = answer, body
        self._collected = Collected(1, answer.most_bytes)
        self._sequence_number = 0
        self._place = {"item_id": f"msg_{answer.id}", "output_index": 0, "content_index": 0}

    def created(self) -> bytes:
        """The first event of every stream."""
        return self._event("response.created", response=self._response("in_progress"))

    def first_events(self) -> bytes:
        """What opens a stream: an empty answer."""
        item = self._item("in_progress") | {"content": []}
        return b"".join(
            (
                self.created(),
                self._event("response.in_progress", response=self._response("in_progress")),
                self._event("response.output_item.added", output_index=0, item=item),
                self._event("response.content_part.added", **self._place, part=_part()),
            )
        )

    def events(self, delta: Delta) -> bytes:
        """One delta of a stream; see `Collected.add`."""
        if not delta.text:
            return b""
        self._collected.add(0, delta.text)
        return self._event("response.output_text.delta", **self._place, delta=delta.text, logprobs=[])

    def last_events(self) -> Parts:
        """The text, its part, its item and the response, all of them complete."""
        response = self._finished()
        return [
            *self._with_text(self._event("response.output_text.done", **self._place, text="", logprobs=[])),
            *self._with_text(self._event("response.content_part.done", **self._place, part=_part())),
            *self._with_text(self._event("response.output_item.done", output_index=0, item=response["output"][0])),
            *self._with_text(self._event(f"response.{response['status']}", response=response)),
        ]

    def failure_events(self, failure: KantuError, language: Language) -> bytes:
        """What ends a stream that fails."""
        response = self._response("failed")
        response["error"] = envelope(failure, language)["error"]
        return self._event("response.failed", response=response)

    def add(self, delta: Delta) -> None:
        """Take in one delta of a whole answer; see `Collected.add`."""
        self._collected.add(0, delta.text)

    def whole(self) -> Parts:
        """The JSON of a whole answer."""
        return self._with_text(encode(self._finished()))

    def _finished(self) -> Response:
        """The response once the answer has ended, but for its text."""
        (finish,) = self._answer.finish_reasons
        status: Literal["completed", "incomplete"] = "completed" if finish == "stop" else "incomplete"
        response = self._response(status)
        response["output"] = [self._item(status)]
        response["usage"] = _worded_usage(self._answer.usage)
        response["kantu"] = worded_extra(self._answer)
        if status == "incomplete":
            response["incomplete_details"] = {"reason": _reason(finish)}
        return response

    def _response(self, status: Status) -> Response:
        body = self._body
        form = None if body.text is None else body.text.format
        text = {"type": "text"} if form is None else form.model_dump(by_alias=True, exclude_none=True)
        return {
            "id": f"resp_{self._answer.id}",
            "object": "response",
            "created_at": self._answer.created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self._answer.model,
            "output": [],  # before what the client wrote: see `_with_text`
            "usage": None,
            "background": False,
            "instructions": None,
            "max_output_tokens": body.max_output_tokens,
            "metadata": {},
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "store": False,
            "temperature": body.temperature,
            "text": {"format": text},
            "tool_choice": "none",
            "tools": [],
            "top_p": body.top_p,
            "truncation": "disabled",
        }

    def _item(self, status: Literal["in_progress", "completed", "incomplete"]) -> OutputItem:
        return {
            "id": f"msg_{self._answer.id}",
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [_part()],
        }

    def _event(self, name: str, **fields: Any) -> bytes:
        content: Mapping[str, Any] = {"type": name, "sequence_number": self._sequence_number, **fields}
        self._sequence_number += 1
        return event(content, name)

    def _with_text(self, encoded: bytes) -> Parts:
        """JSON with the text in its first empty `text`; what else could look like that stands after it."""
        before, after = encoded.split(_NO_TEXT, 1)
        return [before, b'"text":"', self._collected.texts[0], b'"', after]


def _part() -> OutputTextPart:
    return {"type": "output_text", "text": "", "annotations": [], "logprobs": []}


def _reason(finish: FinishReason) -> Literal["max_output_tokens", "repetition"]:
    return "max_output_tokens" if finish == "length" else "repetition"


def _worded_usage(usage: Usage) -> ResponseUsage:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": 0,
            "image_tokens": usage.visual_tokens,
            "text_tokens": usage.prompt_tokens - usage.visual_tokens,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
        "visual_tokens": usage.visual_tokens,
    }
