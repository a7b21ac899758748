"""An answer as it is sent, whole and in events: Anthropic's shapes. `writer.py` fills them, the document shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from kantu.service.chat.shapes import KantuExtra

StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "repetition"]


@with_config(ConfigDict(extra="forbid"))  # the document names every field
class _Answer(TypedDict):
    pass


class TextBlock(_Answer):
    """一段文字。"""

    type: Literal["text"]
    text: str


class Usage(_Answer):
    """用量。"""

    input_tokens: Annotated[int, Field(description="重新计算的提示词元，不含 cache_read_input_tokens")]
    cache_creation_input_tokens: int
    cache_read_input_tokens: Annotated[int, Field(description="从缓存复用的提示词元")]
    output_tokens: int
    visual_tokens: Annotated[int, Field(description="提示里图片占的词元，两种输入都算")]


class Message(_Answer):
    """一个回答。"""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[TextBlock]
    stop_reason: StopReason
    stop_sequence: Annotated[str | None, Field(description="是哪一个结束了回答；上游服务不告诉时为 null")]
    usage: Usage
    kantu: KantuExtra


class BegunMessage(_Answer):
    """流式回答的开头。"""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: Annotated[list[TextBlock], Field(max_length=0)]
    stop_reason: None
    stop_sequence: None
    usage: Annotated[Usage, Field(description="此时还不知道，都是 0；真正的在 message_delta 里")]


class MessageStart(_Answer):
    """开始。"""

    type: Literal["message_start"]
    message: BegunMessage


class ContentBlockStart(_Answer):
    """唯一的一段文字开始。"""

    type: Literal["content_block_start"]
    index: int
    content_block: TextBlock


class Ping(_Answer):
    """没有内容。"""

    type: Literal["ping"]


class TextDelta(_Answer):
    """新来的文字。"""

    type: Literal["text_delta"]
    text: str


class ContentBlockDelta(_Answer):
    """新来的文字。"""

    type: Literal["content_block_delta"]
    index: int
    delta: TextDelta


class ContentBlockStop(_Answer):
    """文字结束。"""

    type: Literal["content_block_stop"]
    index: int


class Ending(_Answer):
    """怎样结束的。"""

    stop_reason: StopReason
    stop_sequence: str | None


class MessageDelta(_Answer):
    """怎样结束的，和用量。"""

    type: Literal["message_delta"]
    delta: Ending
    usage: Usage
    kantu: KantuExtra


class MessageStop(_Answer):
    """结束。"""

    type: Literal["message_stop"]


Event = MessageStart | ContentBlockStart | Ping | ContentBlockDelta | ContentBlockStop | MessageDelta | MessageStop


class TokenCount(_Answer):
    """提示的词元。"""

    input_tokens: Annotated[int, Field(description="整个提示，含图片，也含会从缓存复用的")]
