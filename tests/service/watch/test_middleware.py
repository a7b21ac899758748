"""Every HTTP request is counted once, timed to its last byte, and told in one line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient
from starlette.types import Message

from kantu.engine.metrics import Stats
from kantu.engine.request import Timings, Usage
from kantu.errors import EngineError, LimitExceededError, NotFoundError
from kantu.service.errors import install
from kantu.service.gateway import Gateway
from kantu.service.http.request_id import RequestIdMiddleware
from kantu.service.watch import Sources, Watch, WatchMiddleware
from tests.service.gateways import client_of, settings_with
from tests.service.watch.scrape import samples

CHAT = "/v1/chat/completions"


@pytest.fixture
def watch() -> Watch:
    made = Watch()
    made.attach(Sources(models={"m": Stats}, ready=lambda: True))
    return made


@pytest.fixture
def app(watch: Watch) -> FastAPI:
    made = FastAPI()
    router = APIRouter()

    @router.post(CHAT)
    async def chat(request: Request, model: str, fail: str = "") -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            with watch.started("chat", model) as seen:
                if fail == "middle":
                    seen.failed("engine_crashed")
                else:
                    seen.finished(Usage(1, 0, 1), Timings(0, 0, 0, 0, 0), ["stop"])
            yield b"two"

        if fail == "limit":
            raise LimitExceededError("request_limit_exceeded", "太多", "too many", retry_after_seconds=1)
        if fail == "ours":
            raise EngineError("engine_failed", "出错", "failed")
        if fail == "theirs":
            raise RuntimeError("a defect")
        return StreamingResponse(chunks())

    @router.get("/v1/files/{file_id}")
    async def file(request: Request, file_id: str) -> None:
        request.state.key_id = "key_1"
        raise NotFoundError("file_not_found", "没有", "none")

    @router.get("/readyz", status_code=503)
    async def readyz() -> str:
        return "loading"

    @router.get("/healthz")
    async def healthz() -> str:
        return "ok"

    made.include_router(router)
    install(made)
    made.add_middleware(WatchMiddleware, watch=watch)
    made.add_middleware(RequestIdMiddleware)
    return made


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


def requests(watch: Watch) -> dict[str, float]:
    return {
        name.removeprefix("kantu_requests_total"): value
        for name, value in samples(watch.metrics.text()).items()
        if name.startswith("kantu_requests_total{")
    }


def series(model: str, endpoint: str, code: str, status: int) -> str:
    return f'{{code="{code}",endpoint="{endpoint}",model="{model}",status="{status}"}}'


def test_a_request_is_counted_by_model_endpoint_code_and_status(client: TestClient, watch: Watch) -> None:
    assert client.post(CHAT, params={"model": "m"}).content == b"onetwo"
    client.get("/v1/files/file-1")
    client.get("/v1/files/file-2")
    counted = requests(watch)
    assert counted == {
        series("m", CHAT, "ok", 200): 1,
        series("none", "/v1/files/{file_id}", "file_not_found", 404): 2,
    }


def test_codes_of_failures(client: TestClient, watch: Watch) -> None:
    client.post(CHAT, params={"model": "m", "fail": "ours"})
    assert client.post(CHAT, params={"model": "m", "fail": "theirs"}).status_code == 500
    client.get("/nowhere/身份证号")
    client.get("/v1/secret")
    counted = requests(watch)
    assert counted == {
        series("none", CHAT, "engine_failed", 500): 1,
        series("none", CHAT, "internal_error", 500): 1,
        series("none", "other", "endpoint_not_found", 404): 2,
    }


def test_an_answer_that_breaks_off_keeps_its_status_and_tells_its_code(client: TestClient, watch: Watch) -> None:
    client.post(CHAT, params={"model": "m", "fail": "middle"})
    assert requests(watch) == {series("m", CHAT, "engine_crashed", 200): 1}


def test_a_model_that_is_not_served_is_not_told(client: TestClient, watch: Watch) -> None:
    client.post(CHAT, params={"model": "我的密码", "fail": "middle"})
    assert requests(watch) == {series("other", CHAT, "engine_crashed", 200): 1}


@pytest.mark.parametrize(
    ("server", "log_clients", "told"),
    [
        ({}, False, None),
        ({}, True, "127.0.0.1"),
        ({"trusted_proxies": ["127.0.0.1"]}, True, "192.0.2.1"),
        ({"trusted_proxies": ["127.0.0.1"]}, False, None),
    ],
)
@pytest.mark.anyio
async def test_a_client_s_address_is_told_only_where_that_is_wanted(
    make_gateway: Callable[..., Gateway],
    caplog: pytest.LogCaptureFixture,
    server: dict[str, Any],
    log_clients: bool,
    told: str | None,
) -> None:
    gateway = make_gateway(settings=settings_with(server=dict(server), watch={"log_clients": log_clients}))
    with caplog.at_level(logging.INFO, "kantu.access"):
        async with client_of(gateway) as client:
            await client.get("/v1/models", headers={"x-forwarded-for": "192.0.2.1"})
    (record,) = [record for record in caplog.records if record.name == "kantu.access"]
    assert getattr(record, "client", None) == told
    assert record.key_id.startswith("key_")  # type: ignore[attr-defined]


def test_who_is_turned_away_is_counted_by_reason(client: TestClient, watch: Watch) -> None:
    client.post(CHAT, params={"model": "m", "fail": "limit"})
    assert samples(watch.metrics.text())['kantu_rejected_total{reason="request_limit_exceeded"}'] == 1


def test_a_probe_that_hears_not_yet_is_not_turned_away(client: TestClient, watch: Watch) -> None:
    assert client.get("/readyz").status_code == 503
    assert not [name for name in samples(watch.metrics.text()) if name.startswith("kantu_rejected_total{")]


def test_one_line_a_request_without_its_address(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kantu.access"):
        client.get("/v1/files/file-1?token=geheim", headers={"x-request-id": "mine"})
        client.get("/healthz")
    (record,) = [record for record in caplog.records if record.name == "kantu.access"]
    told = {name: getattr(record, name) for name in ("method", "endpoint", "status", "code", "model", "key_id")}
    assert told == {
        "method": "GET",
        "endpoint": "/v1/files/{file_id}",
        "status": 404,
        "code": "file_not_found",
        "model": "none",
        "key_id": "key_1",
    }
    assert record.request_id == "mine"  # type: ignore[attr-defined]
    assert "geheim" not in repr(record.__dict__)


async def exchange(
    application: Callable[..., Awaitable[None]],
    watch: Watch,
    incoming: list[Message],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """One exchange by hand, without a server."""

    async def receive() -> Message:
        return incoming.pop(0)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": CHAT, "headers": [], "state": {}}
    await WatchMiddleware(application, watch)(scope, receive, send)


async def nowhere(_: Message) -> None:
    return


def test_a_client_that_leaves_before_the_end_is_counted_as_such(watch: Watch) -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"

    asyncio.run(exchange(answer, watch, [{"type": "http.disconnect"}], nowhere))
    assert requests(watch) == {series("none", CHAT, "client_closed", 200): 1}


def test_a_client_that_leaves_before_the_answer_begins_is_counted_as_499(watch: Watch) -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    asyncio.run(exchange(answer, watch, [{"type": "http.disconnect"}], nowhere))
    assert requests(watch) == {series("none", CHAT, "client_closed", 499): 1}


def test_a_client_whose_connection_breaks_while_it_is_written_to(watch: Watch) -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})

    async def broken(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - raised above, without words
        asyncio.run(exchange(answer, watch, [], broken))
    assert requests(watch) == {series("none", CHAT, "client_closed", 200): 1}


def test_a_disconnect_after_the_last_byte_is_no_failure(watch: Watch) -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a"})
        await receive()

    asyncio.run(exchange(answer, watch, [{"type": "http.disconnect"}], nowhere))
    assert requests(watch) == {series("none", CHAT, "ok", 200): 1}


def test_nothing_is_buffered(watch: Watch) -> None:
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for chunk in (b"a", b"b"):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            assert sent[-1] == chunk
        await send({"type": "http.response.body", "body": b""})

    asyncio.run(exchange(answer, watch, [], send))
    assert sent == [b"", b"a", b"b", b""]
