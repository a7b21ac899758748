"""At its deadline every request is answered, whatever works on it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
from anyio import to_thread
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from kantu.service.http import late
from kantu.service.http.late import LateMiddleware

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "_GRACE_SECONDS", 0.0)


async def ask(app: ASGIApp, seconds: float, **request: Any) -> httpx.Response:
    transport = httpx.ASGITransport(LateMiddleware(app, seconds=seconds))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.post("/v1/files", headers={"accept-language": "en"}, **request)


def assert_late(response: httpx.Response) -> None:
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "deadline_exceeded"
    assert response.headers["connection"] == "close"


async def test_what_answers_in_time_is_left_alone_and_knows_its_deadline() -> None:
    left: list[float] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        left.append(scope["state"]["deadline"].left_seconds)
        await PlainTextResponse("in time")(scope, receive, send)

    response = await ask(app, 60.0)
    assert (response.status_code, response.text) == (200, "in time")
    assert 0 < left[0] <= 60


async def test_what_waits_is_cancelled_and_the_client_told() -> None:
    cancelled: list[bool] = []
    states: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        states.append(scope["state"])
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    assert_late(await ask(app, 0.01))
    assert cancelled == [True]
    assert states[0]["error_code"] == "deadline_exceeded"  # for the log and the counters


async def test_the_client_does_not_wait_for_a_thread_that_cannot_be_ended_but_the_request_counts_until_it_has() -> None:
    release, ended = threading.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await to_thread.run_sync(release.wait, 60.0)
            await PlainTextResponse("too late")(scope, receive, send)
        finally:
            ended.set()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    task = asyncio.create_task(LateMiddleware(app, seconds=0.01)(scope, None, send))  # type: ignore[arg-type]
    while len(sent) < 2:
        await asyncio.sleep(0.01)
    assert sent[0]["status"] == 504
    assert not ended.is_set()
    assert not task.done()
    release.set()
    await task
    assert ended.is_set()
    assert len(sent) == 2  # nobody hears what comes too late


async def test_an_answer_that_has_begun_goes_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"a long file", "more_body": False})

    response = await ask(app, 0.01)
    assert (response.status_code, response.text) == (200, "a long file")


async def test_a_body_that_does_not_come_is_part_of_the_time() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async def receive_never() -> Any:
        await asyncio.Event().wait()

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await LateMiddleware(app, seconds=0.01)(scope, receive_never, send)
    assert sent[0]["status"] == 504


async def test_what_fails_fails_as_it_does() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await ask(app, 60.0)
