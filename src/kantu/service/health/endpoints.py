"""GET /healthz (/health is the same) and GET /readyz, for probes and load balancers; neither needs a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from kantu.service.health.readiness import RETRY_SECONDS, Health


class Alive(BaseModel):
    """进程活着。"""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """能否接受请求，以及各项检查的状态。"""

    status: Literal["ok", "degraded", "unavailable"]
    checks: dict[str, str]


def health_router(health_of: Callable[[Request], Health]) -> APIRouter:
    """A router of the routes above.

    Args:
        health_of: the application's `Health`, which is made when it starts.
    """
    router = APIRouter(tags=["operation"])

    @router.get("/health", summary="与 /healthz 相同")
    @router.get("/healthz", summary="进程是否活着")
    async def healthz() -> Alive:
        return Alive()

    @router.get("/readyz", summary="能否接受请求", responses={503: {"model": Ready, "description": "暂时不能"}})
    async def readyz(request: Request, response: Response) -> Ready:
        readiness = await health_of(request).check()
        if not readiness.ready:
            response.status_code = 503
            response.headers["Retry-After"] = str(RETRY_SECONDS)
        status = "unavailable" if not readiness.ready else "degraded" if readiness.degraded else "ok"
        return Ready(status=status, checks=dict(readiness.checks))

    return router
