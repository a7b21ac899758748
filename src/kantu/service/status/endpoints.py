"""GET /v1/status, for whoever runs the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.status.service import StatusObject, StatusService

router = APIRouter(tags=["operation"])


@router.get("/v1/status", summary="服务的状态")
async def get_status(
    _: Annotated[Actor, Depends(Authorize("read", "status", counted=False))],
    service: Annotated[StatusService, Depends(part(StatusService))],
) -> StatusObject:
    """健康、版本、队列、内存和磁盘。"""
    return await service.status()
