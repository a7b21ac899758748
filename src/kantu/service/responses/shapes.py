"""A response as it is sent, whole and in events: OpenAI's shapes. `writer.py` fills them, the document shows them."""

from __future__ import annotations

from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,  # pydantic reads Python's own from 3.12 on only
)

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from kantu.service.chat.shapes import KantuExtra

Status = Literal["in_progress", "completed", "incomplete", "failed"]


@with_config(ConfigDict(extra="forbid"))  # the document names every field
class _Shape(TypedDict):
    pass


class OutputTextPart(_Shape):
    """回答的文字。"""

    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[Any]


class OutputItem(_Shape):
    """回答。"""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    status: Literal["in_progress", "completed", "incomplete"]
    content: list[OutputTextPart]


class InputTokensDetails(_Shape):
    """提示的词元。"""

    cached_tokens: int
    cache_write_tokens: Annotated[Literal[0], Field(description="看图不另计")]
    image_tokens: int
    text_tokens: int


class OutputTokensDetails(_Shape):
    """回答的词元。"""

    reasoning_tokens: Literal[0]


class ResponseUsage(_Shape):
    """用量。"""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int
    visual_tokens: int


class ResponseFailure(_Shape):
    """流到一半时出的错。"""

    code: str
    message: str
    param: str | None
    type: str


class IncompleteDetails(_Shape):
    """为什么没有写完。"""

    reason: Literal["max_output_tokens", "repetition"]


class Response(_Shape):
    """一次回答。"""

    id: str
    object: Literal["response"]
    created_at: int
    status: Status
    error: ResponseFailure | None
    incomplete_details: IncompleteDetails | None
    model: str
    output: list[OutputItem]
    usage: ResponseUsage | None
    background: Literal[False]
    instructions: None
    max_output_tokens: int | None
    metadata: dict[str, str]
    parallel_tool_calls: Literal[False]
    previous_response_id: None
    store: Literal[False]
    temperature: float | None
    text: Annotated[dict[str, Any], Field(description="与请求里的相同")]
    tool_choice: Literal["none"]
    tools: list[Any]
    top_p: float | None
    truncation: Literal["disabled"]
    kantu: NotRequired[KantuExtra]


class ResponseEvent(_Shape):
    """回答开始了，或者结束了。"""

    type: Literal[
        "response.created", "response.in_progress", "response.completed", "response.incomplete", "response.failed"
    ]
    sequence_number: int
    response: Response


class OutputItemEvent(_Shape):
    """一条消息。"""

    type: Literal["response.output_item.added", "response.output_item.done"]
    sequence_number: int
    output_index: int
    item: OutputItem


class ContentPartEvent(_Shape):
    """消息的一段。"""

    type: Literal["response.content_part.added", "response.content_part.done"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    part: OutputTextPart


class TextDeltaEvent(_Shape):
    """新来的文字。"""

    type: Literal["response.output_text.delta"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    delta: str
    logprobs: list[Any]


class TextDoneEvent(_Shape):
    """全部文字。"""

    type: Literal["response.output_text.done"]
    sequence_number: int
    item_id: str
    output_index: int
    content_index: int
    text: str
    logprobs: list[Any]


EVENTS = (ResponseEvent, OutputItemEvent, ContentPartEvent, TextDeltaEvent, TextDoneEvent)
EVENT_NAMES = (
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
    "response.incomplete",
    "response.failed",
)
