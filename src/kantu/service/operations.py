"""The application on `watch.metrics_port`: metrics and probes, for a network that the API's clients are not in."""

from __future__ import annotations

from fastapi import FastAPI

from kantu.service.errors import install
from kantu.service.gateway import Gateway
from kantu.service.health.endpoints import health_router
from kantu.service.http.answer_headers import AnswerHeadersMiddleware
from kantu.service.http.request_id import RequestIdMiddleware
from kantu.service.watch.endpoints import metrics_router


def create_operations_app(gateway: Gateway) -> FastAPI:
    """The ASGI application over `gateway`, beside that of `app.create_app`, which starts and stops it."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    install(app)
    app.include_router(health_router(lambda request: gateway.health))
    app.include_router(metrics_router(gateway.watch, public=True))
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(AnswerHeadersMiddleware)
    return app
