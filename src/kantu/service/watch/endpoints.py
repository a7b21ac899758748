"""GET /metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Response

from kantu.service.watch.metrics import CONTENT_TYPE
from kantu.service.watch.watch import Watch


def metrics_router(watch: Watch, dependencies: Sequence[Callable[..., Any]] = ()) -> APIRouter:
    """A router of one route.

    Args:
        dependencies: what must let a request in, such as `authorize`; none makes the metrics public.
    """
    router = APIRouter(tags=["operation"], dependencies=[Depends(dependency) for dependency in dependencies])

    @router.get(
        "/metrics",
        summary="Prometheus 指标",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus 文本格式 0.0.4"}},
    )
    def metrics() -> Response:
        # Not a coroutine: the framework runs it in a thread, where asking the engine may take a moment.
        return Response(watch.metrics.text(), media_type=CONTENT_TYPE)

    return router
