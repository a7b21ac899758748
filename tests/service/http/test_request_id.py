"""Every request has an id, and an answer."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from structlog.contextvars import get_contextvars

from kantu.service.http.request_id import RequestIdMiddleware

pytestmark = pytest.mark.anyio


async def tell_id(scope: Scope, receive: Receive, send: Send) -> None:
    assert get_contextvars()["request_id"] == scope["state"]["request_id"]
    await PlainTextResponse(scope["state"]["request_id"])(scope, receive, send)


def client(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(RequestIdMiddleware(app))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def test_an_id_is_made_where_none_came() -> None:
    response = await client(tell_id).get("/")
    assert re.fullmatch("req_[0-9a-f]{24}", response.text)
    assert response.headers["x-request-id"] == response.text


async def test_a_plain_id_is_kept() -> None:
    response = await client(tell_id).get("/", headers={"x-request-id": "trace-1.a_B"})
    assert response.headers["x-request-id"] == response.text == "trace-1.a_B"


async def test_anthropic_s_clients_find_it_under_their_name() -> None:
    response = await client(tell_id).post("/v1/messages")
    assert response.headers["request-id"] == response.headers["x-request-id"] == response.text
    assert "request-id" not in (await client(tell_id).get("/v1/models")).headers


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 65, '"}', "号".encode(), b"a\xffb"])
async def test_any_other_is_replaced(given: str | bytes) -> None:
    response = await client(tell_id).get("/", headers={"x-request-id": given})
    assert response.text.startswith("req_")


async def test_a_defect_is_answered_without_its_words() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("secret")

    response = await client(broken).get("/", headers={"accept-language": "en"})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert response.json()["error"]["message"].startswith("The service failed")
    assert "secret" not in response.text
    assert response.headers["x-request-id"].startswith("req_")


async def test_a_client_that_has_gone_is_no_defect() -> None:
    async def gone(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ClientDisconnect

    async def send(message: object) -> None: ...

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    await RequestIdMiddleware(gone)({"type": "http", "headers": []}, receive, send)  # type: ignore[arg-type]
