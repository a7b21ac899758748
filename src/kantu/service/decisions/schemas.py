"""The body of a decision: OpenAI's fields that Kantu has.

What is not here is refused by name, except where a client spells out the default.
Reference: OpenAI's API specification, "Create decision" (openai-python: types/decision_create_params.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    model_validator,
)

from kantu.errors import InvalidRequestError, error
from kantu.processing.conversation import check_text
from kantu.processing.messages import Text
from kantu.processing.validation import refused
from kantu.service.chat.schemas import MMProcessorKwargs
from kantu.service.input_parts import InputImage, InputText

MOST_QUESTIONS = 400
MOST_CHOICES = 255
MOST_LEVELS = 10
_MOST_JSON_LEVELS = 32
_MOST_JSON_VALUES = 10_000
_MOST_JSON_BYTES = 256 * 1024

# Items of OpenAI's input that only make sense with tools.
_TOOL_ITEMS = ("function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output")


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def compact_json(data: Any) -> str:
    """JSON as a model reads it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _bounded(data: Any) -> Any:
    """Refuses JSON that is deeper, of more values or longer than OpenAI takes."""
    level, values, inside = 0, 0, [data]
    while inside:
        level += 1
        values += len(inside)
        if level > _MOST_JSON_LEVELS + 1 or values > _MOST_JSON_VALUES:
            break
        containers = [each for each in inside if isinstance(each, dict | list)]
        inside = [value for each in containers for value in (each.values() if isinstance(each, dict) else each)]
    text = "" if inside else compact_json(data)
    try:
        size_bytes = len(check_text(text).encode())
    except InvalidRequestError as failure:
        raise refused(failure) from None
    if inside or size_bytes > _MOST_JSON_BYTES:
        raise refused(
            error(
                "input_json_too_large",
                levels=_MOST_JSON_LEVELS,
                values=_MOST_JSON_VALUES,
                kib=_MOST_JSON_BYTES // 1024,
            )
        )
    return data


class InputJSON(_Body):
    """一个 JSON 对象或对象的列表，按文字读。"""

    type: Literal["input_json"]
    data: Annotated[
        dict[str, Any] | list[dict[str, Any]],
        AfterValidator(_bounded),
        Field(description="最多 32 层、1 万个值、256 KiB"),
    ]


class OutputText(_Body):
    """模型以前说的一段文字。"""

    type: Literal["output_text"]
    text: Text


class OutputRefusal(_Body):
    """模型以前的拒绝。"""

    type: Literal["refusal"]
    refusal: Text


InputPart = Annotated[InputText | InputImage | InputJSON, Field(discriminator="type")]
# Only the first error is reported, as in `processing.messages`.
InputParts = Annotated[list[InputPart], Field(min_length=1, fail_fast=True)]
OutputPart = Annotated[OutputText | OutputRefusal, Field(discriminator="type")]


class _Message(_Body):
    type: Literal["message"] | None = None


class UserInput(_Message):
    """用户消息：文字，或文字、图片与 JSON。"""

    role: Literal["user"]
    content: Text | InputParts


class SystemInput(_Message):
    """系统消息。"""

    role: Literal["system", "developer"]
    content: Text | Annotated[list[InputText], Field(min_length=1, fail_fast=True)]


class AssistantInput(_Message):
    """模型以前的回答。"""

    role: Literal["assistant"]
    content: Text | Annotated[list[OutputPart], Field(min_length=1, fail_fast=True)]
    phase: None = None


def _without_tools(item: Any) -> Any:
    if isinstance(item, Mapping) and item.get("type") in _TOOL_ITEMS:
        raise refused(error("tool_item_not_supported", kind=item["type"]), "type")
    return item


InputItem = Annotated[
    SystemInput | UserInput | AssistantInput, Field(discriminator="role"), BeforeValidator(_without_tools)
]
Label = Annotated[Text, Field(min_length=1)]


class _Question(_Body):
    name: StrictStr | None = Field(None, max_length=256, description="原样写在回答里")
    instructions: Text | InputParts


class Predicate(_Question):
    """关于输入的一句话有多可能是真的。"""

    type: Literal["predicate"]


class Option(_Body):
    """几个选项中的一个。"""

    value: Label | StrictBool = Field(description="字符串与布尔值不同，即使写出来一样")
    description: Text | None = None


class Choice(_Question):
    """从几个选项中选一个。"""

    type: Literal["choice"]
    choices: list[Option] = Field(min_length=2, max_length=MOST_CHOICES, fail_fast=True)

    @model_validator(mode="after")
    def _different(self) -> Choice:
        if len({(type(option.value), option.value) for option in self.choices}) < len(self.choices):
            raise refused(error("invalid_parameter.repeated", param="choices"), "choices")
        return self


class Level(_Body):
    """一级。"""

    label: Label
    description: Text | None = None


class Score(_Question):
    """按从低到高的几级打分。"""

    type: Literal["score"]
    levels: list[Level] = Field(min_length=2, max_length=MOST_LEVELS, fail_fast=True)

    @model_validator(mode="after")
    def _different(self) -> Score:
        if len({level.label for level in self.levels}) < len(self.levels):
            raise refused(error("invalid_parameter.repeated", param="levels"), "levels")
        return self


Question = Annotated[Predicate | Choice | Score, Field(discriminator="type")]


class PromptCacheOptions(_Body):
    """缓存总是自动的；写明默认值也可以。"""

    mode: Literal["implicit"] | None = None
    ttl: Literal["30m"] | None = None


class DecisionRequest(_Body):
    """一段输入，和关于它的几个问题。"""

    model: StrictStr
    input: Label | Annotated[list[InputItem], Field(min_length=1, fail_fast=True)]
    questions: list[Question] = Field(min_length=1, max_length=MOST_QUESTIONS, fail_fast=True)
    prompt_cache_key: StrictStr | None = Field(
        None, max_length=256, description="不同的请求不共用缓存，同一个密钥的也不共用"
    )
    prompt_cache_options: PromptCacheOptions | None = None
    safety_identifier: StrictStr | None = Field(None, max_length=512, description="不使用，也不保存")
    mm_processor_kwargs: MMProcessorKwargs | None = None
