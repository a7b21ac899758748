"""What a body may cost before anything parses it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import AuthenticationError
from kantu.service.actor import Actor
from kantu.service.http.body import BodyMiddleware
from tests.service.admissions import admission_with

pytestmark = pytest.mark.anyio


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the value of its JSON, as a `JsonRoute` takes it, or with the length of another body."""
    body = await Request(scope, receive).body()
    reader = scope["state"].get("json")
    await JSONResponse({"bytes": len(body)} if reader is None else reader.value())(scope, receive, send)


class Known:
    """Stands for `ActorMiddleware`: a tenant is whoever the header says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tenant = dict(scope["headers"]).get(b"tenant", b"alice").decode()
        scope["state"] = {"actor": Actor("key_1", tenant)} if tenant else {}
        await self._app(scope, receive, send)


def bounded(app: ASGIApp, seconds: float = 5, **limits: Any) -> ASGIApp:
    return Known(
        BodyMiddleware(
            app,
            admission=admission_with(**limits),
            max_bytes=lambda path: 100 if path == "/small" else 1000,
            max_upload_bytes=5000,
            seconds=seconds,
            depth=8,
        )
    )


def client(app: ASGIApp = echo, **limits: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(bounded(app, **limits)), base_url="http://gateway")


def code_of(response: httpx.Response) -> Any:
    return response.json().get("error", {}).get("code")


async def test_bodies_within_the_limits_pass_whole() -> None:
    response = await client().post("/", json={"a": "x" * 900})
    assert response.json() == {"a": "x" * 900}


async def test_json_and_uploads_have_limits_of_their_own() -> None:
    for content_type, size, status in (
        ("application/json", 1001, 413),
        ("application/json; charset=utf-8", 1001, 413),
        ("application/vnd.api+json", 1001, 413),
        ("multipart/form-data", 1001, 200),
        ("multipart/form-data", 5001, 413),
        ("", 5001, 413),
    ):
        headers = {"content-type": content_type}
        response = await client().post("/", content=b" " * size, headers=headers)
        assert (response.status_code, code_of(response)) == (status, None if status == 200 else "body_too_large")


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data"])
async def test_a_body_without_a_length_is_cut_where_it_gets_too_long(content_type: str) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 100
            yield b"x" * 100

    response = await client().post("/", content=endless(), headers={"content-type": content_type})
    assert (response.status_code, code_of(response)) == (413, "body_too_large")
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data"])
async def test_a_body_that_drips_is_cut_off(content_type: str) -> None:
    async def dripping() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    response = await client(seconds=0.1).post("/", content=dripping(), headers={"content-type": content_type})
    assert (response.status_code, code_of(response)) == (408, "body_too_slow")


async def test_waiting_for_the_client_to_leave_has_no_time_limit() -> None:
    left: list[Message] = []

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        left.append(await receive())

    parts: list[Message] = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await asyncio.sleep(0.15)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    app = bounded(waits, seconds=0.05)
    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", b"application/json")]}
    await app(scope, receive, send)
    assert left == [{"type": "http.disconnect"}]


JSON = {"content-type": "application/json"}
BODY = b'"' + b"x" * 700 + b'"'


class Held:
    """An application that answers when it is told to; the bodies stay in memory so long."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.reached = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached += 1
        await self.release.wait()
        await echo(scope, receive, send)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_over_a_tenant_s_share_waits_and_is_not_read_before_its_turn() -> None:
    held, reads = Held(), 0

    async def body() -> Any:
        nonlocal reads
        reads += 1
        yield BODY

    headers = {**JSON, "content-length": str(len(BODY))}
    async with client(held, body_bytes=2000, share=0.4) as asking:
        first = asyncio.create_task(asking.post("/", content=BODY, headers=headers))
        await settle()
        second = asyncio.create_task(asking.post("/", content=body(), headers=headers))
        await settle()
        assert (held.reached, reads) == (1, 0)
        other = asyncio.create_task(asking.post("/", content=BODY, headers={**headers, "tenant": "bob"}))
        await settle()
        assert held.reached == 2
        held.release.set()
        assert [(await each).status_code for each in (first, second, other)] == [200] * 3


async def test_when_all_bytes_are_held_too_long_the_next_tenant_is_turned_away_before_anything_is_read() -> None:
    held = Held()
    async with client(held, body_bytes=1000, wait_seconds=0.05) as asking:
        first = asyncio.create_task(asking.post("/", content=BODY, headers=JSON))
        await settle()
        refused = await asking.post("/", content=BODY, headers={**JSON, "tenant": "bob"})
        assert (refused.status_code, code_of(refused)) == (503, "too_many_bytes_in_flight")
        assert (refused.headers["retry-after"], refused.headers["connection"]) == ("1", "close")
        own = await asking.post("/", content=BODY, headers=JSON)
        assert (own.status_code, code_of(own)) == (429, "too_many_bytes_of_owner")
        held.release.set()
        assert (await first).status_code == 200
        assert (await asking.post("/", content=BODY, headers=JSON)).status_code == 200


async def test_a_body_of_unknown_length_counts_as_it_comes() -> None:
    async def pieces() -> Any:
        for start in range(0, len(BODY), 100):
            yield BODY[start : start + 100]

    held = Held()
    async with client(held, body_bytes=1000) as asking:
        first = asyncio.create_task(asking.post("/", content=pieces(), headers=JSON))
        await settle()
        refused = await asking.post("/", content=pieces(), headers={**JSON, "tenant": "bob"})
        assert (refused.status_code, code_of(refused)) == (503, "too_many_bytes_in_flight")
        held.release.set()
        assert (await first).status_code == 200
        assert (await asking.post("/", content=pieces(), headers={**JSON, "tenant": "bob"})).status_code == 200


async def test_uploads_are_counted_by_what_is_in_memory_of_them() -> None:
    held = Held()
    form = {"content-type": "multipart/form-data"}
    async with client(held, body_bytes=8 * 2**20, share=0.5, wait_seconds=0.05) as asking:
        tasks = [asyncio.create_task(asking.post("/", content=b"x" * 4000, headers=form)) for _ in range(2)]
        await settle()
        refused = await asking.post("/", content=b"x", headers=form)
        assert (refused.status_code, code_of(refused)) == (429, "too_many_bytes_of_owner")
        held.release.set()
        assert [(await task).json() for task in tasks] == [{"bytes": 4000}] * 2


async def test_who_needs_no_key_needs_no_large_body() -> None:
    async with client() as asking:
        for content_type in ("application/json", "text/plain"):
            headers = {"tenant": "", "content-type": content_type}
            assert (await asking.post("/", content=b" " * 2**16, headers=headers)).json() == {"bytes": 2**16}
            large = await asking.post("/", content=b" " * (2**16 + 1), headers=headers)
            assert (large.status_code, code_of(large)) == (413, "body_too_large")


async def test_addresses_without_pictures_take_less() -> None:
    async with client() as asking:
        assert (await asking.post("/small", json="x" * 90)).status_code == 200
        assert (await asking.post("/small", json="x" * 100)).status_code == 413


async def test_of_whoever_was_refused_nothing_is_looked_at() -> None:
    async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({}, 401)(scope, receive, send)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"content-length", b"999999999"), (b"content-encoding", b"gzip")],
        "state": {"actor": AuthenticationError("missing_api_key", "缺少密钥", "no key")},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("read")

    async def send(message: Message) -> None:
        sent.append(message)

    app = BodyMiddleware(
        refuses,
        admission=admission_with(),
        max_bytes=lambda path: 10,
        max_upload_bytes=10,
        seconds=5,
        depth=8,
    )
    await app(scope, receive, send)
    assert sent[0]["status"] == 401


async def test_others_get_their_turn_while_a_large_body_is_read() -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def large(path: str) -> int:
        return 2**30

    reader = BodyMiddleware(echo, admission=admission_with(), max_bytes=large, max_upload_bytes=10, seconds=60, depth=8)
    task = asyncio.create_task(other())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Known(reader)), base_url="http://gateway") as asking:
        answer = await asking.post("/", content=b'"' + b"A" * 2**22 + b'"', headers=JSON)
    task.cancel()
    assert len(answer.json()) == 2**22
    assert turns > 2**22 / 2**16


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", ""])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "zstd", "x-gzip", "identity, gzip", "nonsense"])
async def test_a_body_in_a_content_coding_is_refused_whoever_would_read_it(content_type: str, coding: str) -> None:
    headers = {"content-type": content_type, "content-encoding": coding}
    response = await client().post("/", content=b"{}", headers=headers)
    assert (response.status_code, code_of(response)) == (415, "unsupported_content_encoding")
    assert response.headers["accept-encoding"] == "identity"
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize("coding", ["identity", "Identity", "identity, identity", "", " "])
async def test_identity_is_no_coding(coding: str) -> None:
    response = await client().post("/", content=b"{}", headers={"content-encoding": coding})
    assert response.json() == {"bytes": 2}


async def test_a_client_that_leaves_in_the_middle_of_its_json_is_not_told_that_it_is_wrong() -> None:
    async def unreachable(*_: Any) -> None:
        raise AssertionError("reached")

    messages: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Message:
        return messages.pop()

    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(ClientDisconnect):
        await bounded(unreachable)(scope, receive, unreachable)
