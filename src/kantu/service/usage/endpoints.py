"""/v1/usage: what was used, summed up, and as a table for spreadsheets."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.threads import on_thread
from kantu.service.usage.schemas import UsageFilter, UsageList, UsageQuery, UsageTotal
from kantu.service.usage.service import UsageService

router = APIRouter(prefix="/v1/usage", tags=["usage"])

Usage = Annotated[UsageService, Depends(part(UsageService))]


@router.get("", summary="查看用量")
async def get_usage(
    actor: Annotated[Actor, Depends(Authorize("read", "usage", counted=False))],
    usage: Usage,
    query: Annotated[UsageQuery, Query()],
) -> UsageList:
    """系统管理员看全部，操作员看本租户的，成员看自己的。"""
    read = partial(usage.totals, actor, query.scope(), query.dimensions, query.limit)
    found, more = await on_thread(read)
    return UsageList(data=[UsageTotal.of(total) for total in found], has_more=more)


@router.get(
    "/export",
    summary="导出用量",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "CSV，表格软件可以直接打开"}},
)
async def export_usage(
    actor: Annotated[Actor, Depends(Authorize("export", "usage", counted=False))],
    usage: Usage,
    query: Annotated[UsageFilter, Query()],
) -> StreamingResponse:
    """与上面相同的合计；单元格里的公式不会被执行。"""
    lines = await on_thread(partial(usage.table, actor, query.scope(), query.dimensions))
    name = {"content-disposition": 'attachment; filename="kantu-usage.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=name)
