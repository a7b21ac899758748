"""POST /v1/tokenize: the tokens of a conversation and of each of its pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.http.json_route import JsonRoute
from kantu.service.tokenize.schemas import TokenizeRequest, TokenizeResponse
from kantu.service.tokenize.service import TokenizeService

router = APIRouter(tags=["tokenize"], route_class=JsonRoute)


@router.post("/v1/tokenize", summary="提问之前先看要多少词元")
async def tokenize(
    actor: Annotated[Actor, Depends(Authorize("create", "tokenize"))],
    body: TokenizeRequest,
    service: Annotated[TokenizeService, Depends(part(TokenizeService))],
) -> TokenizeResponse:
    """只看图片的文件头，不解码，不提问，也不计入词元限额。提示超过模型的上下文长度时，与提问一样拒绝（prompt_too_long）。"""
    return await service.count(actor, body)
