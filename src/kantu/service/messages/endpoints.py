"""POST /v1/messages and /v1/messages/count_tokens over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from kantu.errors import KantuError, error
from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.chat.response import ChatResponse
from kantu.service.chat.service import ChatService
from kantu.service.dialect import MESSAGES
from kantu.service.http.json_route import JsonRoute
from kantu.service.messages.examples import COUNT_REQUEST, REQUEST, RESPONSES
from kantu.service.messages.schemas import MessageRequest, Prompt
from kantu.service.messages.shapes import TokenCount
from kantu.service.messages.translate import as_sent, tokenize_request
from kantu.service.messages.writer import MessageWording
from kantu.service.settings import Settings
from kantu.service.tokenize.service import TokenizeService

router = APIRouter(tags=["messages"], route_class=JsonRoute)


@router.post(MESSAGES, summary="Anthropic 的消息接口：图片与文字进，回答出", responses=RESPONSES)
async def messages(
    request: Request,
    actor: Annotated[Actor, Depends(Authorize("create", "chat"))],
    body: Annotated[MessageRequest, REQUEST],
    chat: Annotated[ChatService, Depends(part(ChatService))],
    settings: Annotated[Settings, Depends(part(Settings))],
) -> ChatResponse:
    """与 Anthropic 的 `POST /v1/messages` 相同；不支持的参数会报错，不会被忽略。

    密钥写在 `x-api-key` 或 `Authorization: Bearer` 里；`anthropic-version` 可有可无。
    `stream: true` 时以 server-sent events 逐段返回。
    """
    return ChatResponse(
        chat,
        actor,
        MessageWording(body),
        request.state.deadline,
        request.headers.get("accept-language"),
        keep_alive_seconds=settings.server.stream_keep_alive_seconds,
    )


@router.post(f"{MESSAGES}/count_tokens", summary="Anthropic 的消息接口：提问之前先看要多少词元")
async def count_tokens(
    actor: Annotated[Actor, Depends(Authorize("create", "tokenize"))],
    body: Annotated[Prompt, COUNT_REQUEST],
    service: Annotated[TokenizeService, Depends(part(TokenizeService))],
) -> TokenCount:
    """与 `POST /v1/tokenize` 一样只看图片的文件头；提示超过上下文长度时拒绝（`prompt_too_long`）。

    模型在上游服务里时拒绝（`token_count_unavailable`）：它不告诉文字有多少词元。
    """
    try:
        counted = await service.count(actor, tokenize_request(body))
    except KantuError as failure:
        as_sent(failure, body)
        raise
    if counted.prompt_tokens is None:
        raise error("token_count_unavailable")
    return {"input_tokens": counted.prompt_tokens}
