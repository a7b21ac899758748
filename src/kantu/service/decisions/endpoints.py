"""POST /v1/decisions over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.decisions.examples import REQUEST, RESPONSES
from kantu.service.decisions.schemas import DecisionRequest
from kantu.service.decisions.service import DecisionService
from kantu.service.http.json_route import JsonRoute
from kantu.service.http.work_response import WorkResponse

router = APIRouter(tags=["decisions"], route_class=JsonRoute)


@router.post("/v1/decisions", summary="判断：是不是、选哪个、打几分，各有概率", responses=RESPONSES)
async def decisions(
    request: Request,
    actor: Annotated[Actor, Depends(Authorize("create", "decisions"))],
    body: Annotated[DecisionRequest, REQUEST],
    service: Annotated[DecisionService, Depends(part(DecisionService))],
) -> WorkResponse:
    """与 OpenAI 的 `POST /v1/decisions` 相同；不支持的参数会报错，不会被忽略。

    图片和文字只读一次，几个问题共用。概率来自模型对各个选项的打分，不生成文字；同样的请求得到同样的回答。
    """
    return WorkResponse(lambda: service.decide(actor, body, request.state.deadline))
