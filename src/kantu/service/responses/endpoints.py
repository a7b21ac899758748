"""POST /v1/responses over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.chat.response import ChatResponse
from kantu.service.chat.service import ChatService
from kantu.service.http.json_route import JsonRoute
from kantu.service.responses.examples import REQUEST, RESPONSES
from kantu.service.responses.schemas import CreateResponse
from kantu.service.responses.writer import ResponsesWording
from kantu.service.settings import Settings

router = APIRouter(tags=["responses"], route_class=JsonRoute)


@router.post("/v1/responses", summary="Responses API：图片与文字进，回答出", responses=RESPONSES)
async def responses(
    request: Request,
    actor: Annotated[Actor, Depends(Authorize("create", "chat"))],
    body: Annotated[CreateResponse, REQUEST],
    chat: Annotated[ChatService, Depends(part(ChatService))],
    settings: Annotated[Settings, Depends(part(Settings))],
) -> ChatResponse:
    """与 OpenAI 的 `POST /v1/responses` 相同，但什么都不保存；不支持的参数会报错，不会被忽略。

    图片、限额与权限都和对话补全一样。`stream: true` 时以 server-sent events 逐段返回。
    """
    return ChatResponse(
        chat,
        actor,
        ResponsesWording(body),
        request.state.deadline,
        request.headers.get("accept-language"),
        keep_alive_seconds=settings.server.stream_keep_alive_seconds,
    )
