"""/v1/batches: start, list, look at and cancel batches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.batches.schemas import BatchList, BatchObject, CreateBatch, ListBatches
from kantu.service.batches.service import BatchService
from kantu.service.http.json_route import JsonRoute
from kantu.service.language import Language, language_of

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=JsonRoute)


def _language(accept_language: Annotated[str | None, Header(include_in_schema=False)] = None) -> Language:
    return language_of(accept_language)


Creator = Annotated[Actor, Depends(Authorize("create", "batches"))]
Reader = Annotated[Actor, Depends(Authorize("read", "batches"))]
Canceller = Annotated[Actor, Depends(Authorize("cancel", "batches"))]
Batches = Annotated[BatchService, Depends(part(BatchService))]
LanguageOf = Annotated[Language, Depends(_language)]


@router.post("", summary="开始批处理")
async def create_batch(actor: Creator, body: CreateBatch, batches: Batches, language: LanguageOf) -> BatchObject:
    """对上传的 JSONL 里的每一行请求一次 `endpoint`；先检查全部行，有错就整个失败。结果写成文件，24 小时内完成。"""
    expires = body.output_expires_after
    batch = await batches.create(
        actor,
        body.input_file_id,
        language,
        endpoint=body.endpoint,
        metadata=body.metadata,
        output_expires_after_seconds=None if expires is None else expires.seconds,
    )
    return BatchObject.of(batch, language)


@router.get("", summary="列出批处理")
async def list_batches(
    actor: Reader,
    batches: Batches,
    language: LanguageOf,
    query: Annotated[ListBatches, Query()],
) -> BatchList:
    """列出自己的批处理，新的在前。"""
    found, more = await batches.list(actor, after=query.after, limit=query.limit)
    return BatchList.of([BatchObject.of(batch, language) for batch in found], more)


@router.get("/{batch_id}", summary="查看批处理")
async def get_batch(batch_id: str, actor: Reader, batches: Batches, language: LanguageOf) -> BatchObject:
    """一个批处理的状态与结果文件。"""
    return BatchObject.of(await batches.get(actor, batch_id), language)


@router.post("/{batch_id}/cancel", summary="取消批处理")
async def cancel_batch(batch_id: str, actor: Canceller, batches: Batches, language: LanguageOf) -> BatchObject:
    """不再开始新的行；正在执行的会完成，已有的结果写成文件。"""
    return BatchObject.of(await batches.cancel(actor, batch_id), language)
