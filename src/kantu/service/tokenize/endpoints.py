"""POST /v1/tokenize: the tokens of a conversation and of each of its pictures."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from kantu.processing.messages import Message
from kantu.service.access import GatewayOf, authorize
from kantu.service.chat.schemas import MMProcessorKwargs
from kantu.service.chat.translate import read_conversation
from kantu.service.http.json_route import JsonRoute
from kantu.service.identity import Caller, check_model

router = APIRouter(tags=["tokenize"], route_class=JsonRoute)


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


@router.post("/v1/tokenize", summary="提问之前先看要多少词元")
async def tokenize(
    body: TokenizeRequest, gateway: GatewayOf, caller: Annotated[Caller, Depends(authorize("tokenize"))]
) -> TokenizeResponse:
    """只看图片的文件头，不解码，不提问，也不计入词元限额。提示超过模型的上下文长度时，与提问一样拒绝（prompt_too_long）。"""
    model = gateway.model
    check_model(caller, body.model, model.name)
    conversation = read_conversation(body.messages, gateway.settings.request)
    max_pixels = None if body.mm_processor_kwargs is None else body.mm_processor_kwargs.max_pixels
    async with (
        gateway.admission.request(caller.owner),
        gateway.pictures.open(conversation.images, caller.owner, max_pixels) as opened,
    ):
        resizings = [picture.resizing for picture in opened.pictures]
        config = model.image_config
        costs = [
            PictureCost(
                width=resizing.original_size[0],
                height=resizing.original_size[1],
                resized_width=resizing.width,
                resized_height=resizing.height,
                visual_tokens=resizing.visual_tokens(config),
            )
            for resizing in resizings
        ]
        prompt_tokens = None
        if model.chat is not None:
            grids = [resizing.grid(config) for resizing in resizings]
            count = partial(model.chat.prompt, conversation.turns, grids, most_tokens=model.context_tokens)
            async with gateway.admission.text(caller.owner):
                # a thread beside those that everybody shares; the admission bounds how many there are
                prompt = await to_thread.run_sync(count, limiter=CapacityLimiter(1))
            prompt_tokens = len(prompt.input_ids)
    return TokenizeResponse(
        model=model.name,
        prompt_tokens=prompt_tokens,
        visual_tokens=opened.visual_tokens,
        images=costs,
        warnings=list(opened.warnings),
    )
