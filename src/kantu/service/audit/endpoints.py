"""/v1/audit: search, verify and export, for auditors only."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.audit.schemas import AuditEntry, AuditPage, ExportQuery, PageQuery, VerdictObject
from kantu.service.audit.service import AuditService
from kantu.service.threads import on_thread

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Audit = Annotated[AuditService, Depends(part(AuditService))]


@router.get("", summary="查审计记录")
async def search(
    _: Annotated[Actor, Depends(Authorize("read", "audit", counted=False))],
    audit: Audit,
    query: Annotated[PageQuery, Query()],
) -> AuditPage:
    """新的在前。查询本身也记入审计。"""
    find = partial(audit.search, query.search(), limit=query.limit + 1, before=query.before)
    found = await on_thread(find)
    return AuditPage(data=[AuditEntry.of(entry) for entry in found[: query.limit]], has_more=len(found) > query.limit)


@router.post("/verify", summary="核对审计链")
async def verify(
    _: Annotated[Actor, Depends(Authorize("verify", "audit", counted=False))], audit: Audit
) -> VerdictObject:
    """从头到尾（或从上次归档处起）重算每一条的签名，并与服务自己保存的锚点相比；说出第一处不对的地方。"""
    return VerdictObject.of(await on_thread(audit.verify))


@router.get(
    "/export",
    summary="导出审计记录",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}, "text/plain": {}}, "description": "每行一条，旧的在前"}},
)
async def export(
    _: Annotated[Actor, Depends(Authorize("export", "audit", counted=False))],
    audit: Audit,
    query: Annotated[ExportQuery, Query()],
) -> StreamingResponse:
    """JSONL（可以再核对）或 syslog（RFC 5424）。导出本身也记入审计。"""
    pages = await on_thread(partial(audit.export, query.search(), query.format))
    kind = "application/jsonl" if query.format == "jsonl" else "text/plain; charset=us-ascii"
    return StreamingResponse(pages, media_type=kind)
