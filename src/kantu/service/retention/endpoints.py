"""/v1/history: what was kept of one's own requests; look at it, delete it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.database.repository import Paging
from kantu.service.database.schemas import ListQuery
from kantu.service.retention.schemas import HistoryCleared, HistoryDeleted, HistoryItem, HistoryList, HistoryObject
from kantu.service.retention.service import HistoryService

HISTORY = "/v1/history"

router = APIRouter(prefix=HISTORY, tags=["history"])

Reader = Annotated[Actor, Depends(Authorize("read", "history"))]
Deleter = Annotated[Actor, Depends(Authorize("delete", "history"))]
History = Annotated[HistoryService, Depends(part(HistoryService))]


@router.get("", summary="列出保存的提问")
async def list_history(actor: Reader, history: History, query: Annotated[ListQuery, Query()]) -> HistoryList:
    """自己的提问，新的在前。没有设 retention.days 时什么都不保存，这里是空的。"""
    found, more = await history.page(actor, Paging(query.after, query.limit))
    return HistoryList.of([HistoryItem.of(each) for each in found], more)


@router.get("/{history_id}", summary="查看一次提问")
async def get_history(history_id: str, actor: Reader, history: History) -> HistoryObject:
    """一次提问的全文；图片另读。"""
    return HistoryObject.opened(await history.get(actor, history_id))


@router.get(
    "/{history_id}/pictures/{number}",
    summary="读一张图片",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_picture(
    history_id: str, number: Annotated[int, Path(ge=0, le=10_000)], actor: Reader, history: History
) -> Response:
    """一次提问里的一张图片（没有元数据的原图）。"""
    data = await history.picture(actor, history_id, number)
    return Response(data, media_type="application/octet-stream", headers={"content-disposition": "attachment"})


@router.delete("/{history_id}", summary="删除一次提问")
async def delete_history(history_id: str, actor: Deleter, history: History) -> HistoryDeleted:
    """删除一次提问、它的回答和图片。"""
    await history.delete(actor, history_id)
    return HistoryDeleted(id=history_id)


@router.delete("", summary="删除自己的全部提问")
async def clear_history(actor: Deleter, history: History) -> HistoryCleared:
    """删除自己全部的提问、回答和图片。"""
    return HistoryCleared(deleted=await history.delete_all(actor))
