"""The body and the answer of POST /v1/tokenize."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from kantu.processing.messages import Message
from kantu.service.chat.schemas import MMProcessorKwargs


class TokenizeRequest(BaseModel):
    """与对话补全相同的模型、消息和图片选项。"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: StrictStr
    messages: list[Message] = Field(min_length=1, fail_fast=True)
    mm_processor_kwargs: MMProcessorKwargs | None = None


class PictureCost(BaseModel):
    """一张图片。"""

    width: int = Field(description="原图的宽（像素）")
    height: int = Field(description="原图的高（像素）")
    resized_width: int = Field(description="送进模型的宽（像素）")
    resized_height: int = Field(description="送进模型的高（像素）")
    visual_tokens: int


class TokenizeResponse(BaseModel):
    """费用。"""

    object: Literal["tokenize"] = "tokenize"
    model: str
    prompt_tokens: int | None = Field(description="整个提示的词元数，含视觉词元；上游服务不告诉时为 null")
    visual_tokens: int = Field(description="其中图片占的词元数")
    images: list[PictureCost]
    warnings: list[str]
