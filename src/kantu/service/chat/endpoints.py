"""POST /v1/chat/completions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.chat.examples import REQUEST, RESPONSES
from kantu.service.chat.response import ChatResponse
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.service import ChatService
from kantu.service.chat.writer import ChatWording
from kantu.service.http.json_route import JsonRoute
from kantu.service.settings import Settings

router = APIRouter(tags=["chat"], route_class=JsonRoute)


@router.post("/v1/chat/completions", summary="对话补全：图片与文字进，回答出", responses=RESPONSES)
async def chat_completions(
    request: Request,
    actor: Annotated[Actor, Depends(Authorize("create", "chat"))],
    body: Annotated[ChatRequest, REQUEST],
    chat: Annotated[ChatService, Depends(part(ChatService))],
    settings: Annotated[Settings, Depends(part(Settings))],
) -> ChatResponse:
    """与 OpenAI 的 `POST /v1/chat/completions` 相同；不支持的参数会报错，不会被忽略。

    `stream: true` 时以 server-sent events 逐段返回；`stream_options.include_usage` 在最后附上用量。
    """
    return ChatResponse(
        chat,
        actor,
        ChatWording(body),
        request.state.deadline,
        request.headers.get("accept-language"),
        keep_alive_seconds=settings.server.stream_keep_alive_seconds,
    )
