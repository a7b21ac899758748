"""GET /metrics."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from kantu.service.access import Authorize
from kantu.service.watch.metrics import CONTENT_TYPE
from kantu.service.watch.watch import Watch

METRICS = "/metrics"


def metrics_router(watch: Watch, *, public: bool) -> APIRouter:
    """A router of one route.

    Args:
        public: no key is needed; else any good one will do.
    """
    router = APIRouter(
        tags=["operation"], dependencies=[] if public else [Depends(Authorize("read", "metrics", counted=False))]
    )

    @router.get(
        METRICS,
        summary="Prometheus 指标",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus 文本格式 0.0.4"}},
    )
    def metrics() -> Response:
        # Not a coroutine: the framework runs it in a thread, where asking the engine may take a moment.
        return Response(watch.metrics.text(), media_type=CONTENT_TYPE)

    return router
