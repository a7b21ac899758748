"""GET /metrics, public or not."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.testclient import TestClient

from kantu.errors import AuthenticationError
from kantu.service.actor import Actor
from kantu.service.errors import install
from kantu.service.http.actor import ActorMiddleware
from kantu.service.watch import Watch
from kantu.service.watch.endpoints import metrics_router


async def authenticate(authorization: str | None, address: str | None) -> Actor:
    """Knows one key, which is for nothing that the API does."""
    if authorization != "Bearer good":
        raise AuthenticationError("invalid_api_key", "无效", "invalid")
    return Actor("key_1", "owner", models=(), endpoints=())


def client(*, public: bool) -> TestClient:
    app = FastAPI()
    app.add_middleware(ActorMiddleware, authenticate=authenticate, guarded=("/metrics",))
    app.include_router(metrics_router(Watch(), public=public))
    install(app)
    return TestClient(app)


def test_public_metrics_need_no_key() -> None:
    answer = client(public=True).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "kantu_watch_errors_total 0.0" in answer.text


def test_other_metrics_need_a_key_whatever_it_is_for() -> None:
    private = client(public=False)
    assert private.get("/metrics").status_code == 401
    assert private.get("/metrics", headers={"authorization": "Bearer good"}).status_code == 200
