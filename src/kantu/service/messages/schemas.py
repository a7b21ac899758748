"""The bodies of POST /v1/messages and its count_tokens: Anthropic's fields that Kantu has.

What is not here is refused by name, except where a client says the same as leaving it out (`_NEUTRAL`).
Reference: Anthropic's API reference, "Create a Message" and "Count tokens in a Message".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, model_validator

from kantu.processing.messages import Text
from kantu.service.chat.schemas import Number, without_neutral

# A client that spells out the default asks for nothing.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "container": (None,),
    "context_management": (None,),
    "diagnostics": (None,),
    "inference_geo": (None,),
    "mcp_servers": (None, []),
    "service_tier": (None, "auto", "standard_only"),
    "speed": (None, "standard"),
    "thinking": (None, {"type": "disabled"}),
    "tool_choice": (None, {"type": "none"}, {"type": "auto"}),
    "tools": (None, []),
}
_NEUTRAL_IN_BLOCKS: dict[str, tuple[Any, ...]] = {
    "citations": (None, [], {"enabled": False}),
    "transformations": (None, {}),
}


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CacheControl(_Body):
    """不使用：相同的前缀总是自动复用。"""

    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] | None = None


class _Block(_Body):
    cache_control: CacheControl | None = None

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_says_nothing(cls, block: Any) -> Any:
        return without_neutral(block, _NEUTRAL_IN_BLOCKS)


class TextBlock(_Block):
    """一段文字。"""

    type: Literal["text"]
    text: Text


class Base64Source(_Body):
    """图片本身。"""

    type: Literal["base64"]
    media_type: str = Field(
        pattern=r"^image/[a-z0-9.+-]{1,64}$", description="不使用：是什么格式由内容决定，见 image_unsupported_format"
    )
    data: StrictStr = Field(description="base64")


class URLSource(_Body):
    """图片的网址：默认拒绝，设了 fetch.allowed_domains 才取。"""

    type: Literal["url"]
    url: StrictStr


class FileSource(_Body):
    """上传的图片（POST /v1/files，purpose=vision）。"""

    type: Literal["file"]
    file_id: StrictStr


Source = Annotated[Base64Source | URLSource | FileSource, Field(discriminator="type")]


class ImageBlock(_Block):
    """一张图片。"""

    type: Literal["image"]
    source: Source


Block = Annotated[TextBlock | ImageBlock, Field(discriminator="type")]
# Only the first error is reported: those of a hundred thousand blocks would block an event loop for half a second.
TextBlocks = Annotated[list[TextBlock], Field(fail_fast=True)]
Blocks = Annotated[list[Block], Field(fail_fast=True)]


class UserMessage(_Body):
    """用户消息：文字，或文字与图片。"""

    role: Literal["user"]
    content: Text | Blocks


class AssistantMessage(_Body):
    """模型以前的回答。"""

    role: Literal["assistant"]
    content: Text | TextBlocks


class SystemMessage(_Body):
    """对话中间的系统消息；开头的写在 system 里。"""

    role: Literal["system"]
    content: Text | TextBlocks


Message = Annotated[UserMessage | AssistantMessage | SystemMessage, Field(discriminator="role")]


class JSONFormat(_Body):
    """符合 JSON Schema 的 JSON。"""

    type: Literal["json_schema"]
    schema_: dict[str, Any] = Field(alias="schema")


class OutputConfig(_Body):
    """回答的形式。"""

    format: JSONFormat | None = None
    effort: None = None


class Prompt(_Body):
    """提示：POST /v1/messages/count_tokens 的全部。"""

    model: StrictStr
    messages: list[Message] = Field(min_length=1, fail_fast=True)
    system: Text | TextBlocks | None = None
    output_config: OutputConfig | None = None
    cache_control: CacheControl | None = None

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_says_nothing(cls, body: Any) -> Any:
        return without_neutral(body, _NEUTRAL)


class Metadata(_Body):
    """不使用，也不保存。"""

    user_id: StrictStr | None = Field(None, max_length=512)


class MessageRequest(Prompt):
    """一个问题。"""

    max_tokens: StrictInt
    stream: StrictBool | None = None
    stop_sequences: Annotated[list[StrictStr], Field(fail_fast=True)] | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    top_k: StrictInt | None = Field(None, description="0 表示不限")
    metadata: Metadata | None = None
