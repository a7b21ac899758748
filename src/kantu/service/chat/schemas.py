"""The body of a chat completion: OpenAI's fields that Kantu has, and vLLM's where OpenAI has none.

What is not here is refused by name, except where a client says the same as leaving it out (`_NEUTRAL`).
Reference: OpenAI's API specification, "Create chat completion"; vLLM's "Extra parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticKnownError

from kantu.processing.messages import Message

# A client that spells out the default asks for nothing.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "audio": (None,),
    "function_call": (None, "none"),
    "functions": (None, []),
    "logit_bias": (None, {}),
    "metadata": (None, {}),
    "modalities": (None, ["text"]),
    "parallel_tool_calls": (None, True, False),
    "prediction": (None,),
    "reasoning_effort": (None,),
    "service_tier": (None, "auto", "default"),
    "store": (None, False),
    "tool_choice": (None, "none", "auto"),
    "tools": (None, []),
    "verbosity": (None, "medium"),
    "web_search_options": (None,),
}


def _number(value: Any) -> Any:
    """JSON has one kind of number; strings and booleans are none."""
    if isinstance(value, bool | str):
        raise PydanticKnownError("float_type")
    return value


Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def without_neutral(body: Any, neutral: Mapping[str, tuple[Any, ...]]) -> Any:
    """A body without the fields that say the same as leaving them out: their names, and the values that do."""
    if not isinstance(body, dict):
        return body
    return {
        name: value
        for name, value in body.items()
        if not any(value == nothing and type(value) is type(nothing) for nothing in neutral.get(name, ()))
    }


class StreamOptions(_Body):
    """流式选项。"""

    include_usage: StrictBool | None = None
    continuous_usage_stats: StrictBool | None = Field(
        None, description="结束每个回答的那一段附上它自己的用量（vLLM 的参数）"
    )
    include_obfuscation: Literal[False] | None = None


class JSONSchema(_Body):
    """回答必须符合的 JSON Schema。"""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: StrictStr | None = None
    schema_: dict[str, Any] = Field(alias="schema")
    strict: StrictBool | None = None


class TextFormat(_Body):
    """自由文字。"""

    type: Literal["text"]


class JSONObjectFormat(_Body):
    """任意 JSON 对象。"""

    type: Literal["json_object"]


class JSONSchemaFormat(_Body):
    """符合 JSON Schema 的 JSON。"""

    type: Literal["json_schema"]
    json_schema: JSONSchema


ResponseFormat = Annotated[TextFormat | JSONObjectFormat | JSONSchemaFormat, Field(discriminator="type")]


class StructuredOutputs(_Body):
    """vLLM 的约束：正则、选项或 JSON Schema，只能给一个。"""

    regex: StrictStr | None = None
    choice: Annotated[list[StrictStr], Field(fail_fast=True)] | None = None
    json_: dict[str, Any] | None = Field(None, alias="json")


class RepetitionDetection(_Body):
    """回答末尾重复时提前结束（vLLM 的参数）。"""

    max_pattern_size: StrictInt
    min_pattern_size: StrictInt | None = None
    min_count: StrictInt | None = None


class MMProcessorKwargs(_Body):
    """图片处理选项。"""

    max_pixels: StrictInt | None = None


class ChatRequest(_Body):
    """一次对话补全。"""

    model: StrictStr
    messages: list[Message] = Field(min_length=1, fail_fast=True)
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None
    response_format: ResponseFormat | None = None
    structured_outputs: StructuredOutputs | None = None
    max_completion_tokens: StrictInt | None = None
    max_tokens: StrictInt | None = None
    min_tokens: StrictInt | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    top_k: StrictInt | None = Field(None, description="0 或 -1 表示不限")
    min_p: Number | None = None
    presence_penalty: Number | None = None
    frequency_penalty: Number | None = None
    repetition_penalty: Number | None = None
    repetition_detection: RepetitionDetection | None = None
    logprobs: StrictBool | None = None
    top_logprobs: StrictInt | None = None
    n: StrictInt | None = None
    seed: StrictInt | None = Field(None, description="-1 与不写相同（vLLM 的约定）")
    stop: StrictStr | Annotated[list[StrictStr], Field(fail_fast=True)] | None = None
    mm_processor_kwargs: MMProcessorKwargs | None = None
    cache_salt: StrictStr | None = Field(
        None, max_length=256, description="盐不同的请求不共用缓存，同一个密钥的也不共用（vLLM 的参数）"
    )
    user: StrictStr | None = Field(None, max_length=512, description="不使用，也不保存")

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_says_nothing(cls, body: Any) -> Any:
        return without_neutral(body, _NEUTRAL)
