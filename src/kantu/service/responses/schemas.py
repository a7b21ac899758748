"""The body of a response: those of OpenAI's fields that Kantu has.

What is not here is refused by name, except where a client says the same as leaving it out (`_NEUTRAL`).
Reference: OpenAI's API specification, "Create a model response".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from kantu.errors import Words, error
from kantu.processing.messages import Text
from kantu.processing.validation import refused
from kantu.service.chat.schemas import JSONObjectFormat, JSONSchema, Number, TextFormat, without_neutral
from kantu.service.input_parts import InputImage, InputText

# A client that spells out the default asks for nothing.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "background": (None, False),
    "context_management": (None, []),
    "conversation": (None,),
    "include": (None, []),
    "max_tool_calls": (None,),
    "metadata": (None, {}),
    "moderation": (None,),
    "parallel_tool_calls": (None, True, False),
    "previous_response_id": (None,),
    "prompt": (None,),
    "prompt_cache_key": (None,),
    "prompt_cache_options": (None, {}),
    "prompt_cache_retention": (None,),
    "reasoning": (None, {}),
    "safety_identifier": (None,),
    "service_tier": (None, "auto", "default"),
    "store": (None, False),
    "stream_options": (None, {}, {"include_obfuscation": False}),
    "tool_choice": (None, "none", "auto"),
    "tools": (None, []),
    "top_logprobs": (None, 0),
    "truncation": (None, "disabled"),
}


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OutputText(_Body):
    """模型以前回答的一段文字。"""

    type: Literal["output_text"]
    text: Text
    annotations: list[Any] | None = Field(None, max_length=0)
    logprobs: list[Any] | None = Field(None, max_length=0)


class _Item(_Body):
    """Fields of a message that answers carry and that are ignored where clients send answers back."""

    type: Literal["message"] = "message"
    id: StrictStr | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    phase: None = None


class InputSystemMessage(_Item):
    """系统消息。"""

    role: Literal["system", "developer"]
    content: Text | Annotated[list[InputText], Field(fail_fast=True)]


class InputUserMessage(_Item):
    """用户消息：文字，或文字与图片。"""

    role: Literal["user"]
    content: (
        Text | Annotated[list[Annotated[InputText | InputImage, Field(discriminator="type")]], Field(fail_fast=True)]
    )


class OutputMessage(_Item):
    """模型以前的回答。"""

    role: Literal["assistant"]
    content: (
        Text | Annotated[list[Annotated[OutputText | InputText, Field(discriminator="type")]], Field(fail_fast=True)]
    )


def _message(item: Any) -> Any:
    """Refuses items of other types by their type, before they are missed a role."""
    if isinstance(item, dict) and item.get("type", "message") != "message":
        expected = Words("只能是 message", "it must be message")
        raise refused(error("invalid_parameter.expected", param="type", expected=expected), "type")
    return item


Item = Annotated[
    InputSystemMessage | InputUserMessage | OutputMessage,
    Field(discriminator="role"),
    BeforeValidator(_message),
]


class ResponseJSONSchemaFormat(JSONSchema):
    """符合 JSON Schema 的 JSON。"""

    type: Literal["json_schema"]


class ResponseText(_Body):
    """回答的文字。"""

    format: Annotated[TextFormat | JSONObjectFormat | ResponseJSONSchemaFormat, Field(discriminator="type")] | None = (
        None
    )
    verbosity: Literal["medium"] | None = None


class CreateResponse(_Body):
    """一次回答。不保存，所以 `previous_response_id` 与 `store: true` 会被拒绝。"""

    model: StrictStr
    input: Text | Annotated[list[Item], Field(min_length=1, fail_fast=True)] = Field(
        description="问题，或到此为止的全部消息"
    )
    instructions: Text | None = Field(None, description="系统消息，在 input 之前；不写进回答")
    stream: StrictBool | None = None
    max_output_tokens: StrictInt | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    text: ResponseText | None = None
    user: StrictStr | None = Field(None, max_length=512, description="不使用，也不保存")

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_says_nothing(cls, body: Any) -> Any:
        return without_neutral(body, _NEUTRAL)
