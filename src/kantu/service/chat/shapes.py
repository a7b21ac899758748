"""An answer as it is sent, whole and in chunks: OpenAI's shapes. `writer.py` fills them, the document shows them."""

from __future__ import annotations

from typing import (
    Annotated,
    Literal,
    NotRequired,  # pydantic reads Python's own from 3.12 on only
)

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from kantu.aigc import ContentLabel
from kantu.engine.request import FinishReason


@with_config(ConfigDict(extra="forbid"))  # the document names every field
class _Answer(TypedDict):
    pass


class AnswerMessage(_Answer):
    """回答。"""

    role: Literal["assistant"]
    content: str
    refusal: None


class TopLogprob(_Answer):
    """一个词元和它的对数概率。"""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogprob(TopLogprob):
    """生成的一个词元，和当时最可能的几个。"""

    top_logprobs: list[TopLogprob]


class Logprobs(_Answer):
    """每个词元的对数概率。"""

    content: list[TokenLogprob]
    refusal: None


class Choice(_Answer):
    """几个回答中的一个。"""

    index: int
    message: AnswerMessage
    logprobs: Logprobs | None
    finish_reason: FinishReason


class PromptTokensDetails(_Answer):
    """提示的词元。"""

    cached_tokens: int
    image_tokens: int
    text_tokens: int


class CompletionUsage(_Answer):
    """用量。"""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    visual_tokens: int


class AnswerTimings(_Answer):
    """各阶段用的秒数。"""

    preprocess_seconds: float
    encode_seconds: Annotated[float, Field(description="视觉编码")]
    ttft_seconds: Annotated[float, Field(description="到第一个词元")]
    tpot_seconds: Annotated[float, Field(description="之后每个词元")]
    total_seconds: float


class KantuExtra(_Answer):
    """看图自己的字段。"""

    warnings: Annotated[list[str], Field(description="给用户看的，例如图片被缩小了")]
    timings: AnswerTimings | None
    label: NotRequired[ContentLabel]


class ChatCompletion(_Answer):
    """一次对话补全的回答。"""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: None
    choices: list[Choice]
    usage: CompletionUsage
    kantu: KantuExtra


class ChunkDelta(_Answer):
    """回答里新来的一段。"""

    role: NotRequired[Literal["assistant"]]
    content: NotRequired[str]


class ChunkChoice(_Answer):
    """几个回答中的一个。"""

    index: int
    delta: ChunkDelta
    logprobs: Logprobs | None
    finish_reason: FinishReason | None


class ChatCompletionChunk(_Answer):
    """流式回答的一段；第一段带标识，最后一段没有 choices，只有用量。"""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: None
    choices: list[ChunkChoice]
    usage: NotRequired[CompletionUsage | None]
    kantu: NotRequired[KantuExtra]
