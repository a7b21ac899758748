"""What a body may cost before anything parses it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import InvalidRequestError
from kantu.service.http.body import BodyMiddleware, check_json_shape

pytestmark = pytest.mark.anyio


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the length of its body."""
    body = await Request(scope, receive).body()
    await JSONResponse({"bytes": len(body)})(scope, receive, send)


def bounded(app: ASGIApp, seconds: float = 5, max_total_bytes: int = 10_000) -> BodyMiddleware:
    return BodyMiddleware(
        app, max_bytes=1000, max_upload_bytes=5000, max_total_bytes=max_total_bytes, seconds=seconds, depth=8
    )


def client(app: ASGIApp = echo, **limits: Any) -> httpx.AsyncClient:
    app = bounded(app, **limits)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


def code_of(response: httpx.Response) -> Any:
    return response.json().get("error", {}).get("code")


async def test_bodies_within_the_limits_pass_whole() -> None:
    body = json.dumps({"a": "x" * 900}).encode()
    response = await client().post("/", content=body, headers={"content-type": "application/json"})
    assert response.json() == {"bytes": len(body)}


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
    scope: Scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    await app(scope, receive, send)
    assert left == [{"type": "http.disconnect"}]


async def test_all_bodies_together_have_a_limit_and_free_it_when_answered() -> None:
    release = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await echo(scope, receive, send)

    body, headers = b'"' + b"x" * 700 + b'"', {"content-type": "application/json"}
    async with client(slow, max_total_bytes=1000) as asking:
        first = asyncio.create_task(asking.post("/", content=body, headers=headers))
        await asyncio.sleep(0.01)
        refused = await asking.post("/", content=body, headers=headers)
        assert (refused.status_code, code_of(refused)) == (503, "too_many_bytes_in_flight")
        assert refused.headers["retry-after"] == "1"
        release.set()
        assert (await first).status_code == 200
        assert (await asking.post("/", content=body, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 8 + b"]" * 8, None),
        (b"[" * 9 + b"]" * 9, "json_too_deep"),
        (b'{"a":' * 9, "json_too_deep"),
        (b"[" * 10_000_000, "json_too_deep"),
        (b"[[]" + b",[]" * 60_000 + b"]", "json_too_many_items"),
        (b'"' + b"[" * 100 + b'"', None),  # inside a string
        (b'"\\"' + b"[" * 100 + b'"', None),  # a quote that does not end it
        (b'"\\\\"' + b"[" * 9, "json_too_deep"),  # one that does
        (b'"' + b"\\n" * 5_000_000 + b'"', None),
        (b'"' + b"[" * 100, None),  # a string that never ends: the parser stops there
        (b'"' + b'\\"' * 5_000_000, None),  # nor is each of its quotes the beginning of another
        (("[" * 9).encode("utf-16"), "json_too_deep"),
    ],
    ids=range(12),
)
async def test_json_that_is_deep_or_crumbled_is_not_parsed(body: bytes, code: str | None) -> None:
    if code is None:
        check_json_shape(body, 8)
        return
    with pytest.raises(InvalidRequestError) as caught:
        check_json_shape(body, 8)
    assert caught.value.code == code


async def test_a_large_picture_in_json_is_looked_through_in_one_go() -> None:
    body = json.dumps({"url": "data:image/png;base64," + "QUJD" * 5_000_000}).encode()
    started = time.process_time()
    check_json_shape(body, 8)
    assert time.process_time() - started < 5  # a step per character would take longer


async def test_json_in_another_encoding_cannot_hide_its_depth() -> None:
    body = ('"∡",' + "[" * 1000 + '"∡"').encode("utf-16-le")  # in bytes, one half of its letter is a quote
    check_json_shape(body, 8)
    response = await client().post("/", content=body[:10], headers={"content-type": "application/json"})
    assert (response.status_code, code_of(response)) == (400, "invalid_json")


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

    app = BodyMiddleware(unreachable, max_bytes=10, max_upload_bytes=10, max_total_bytes=10, seconds=5, depth=8)
    scope: Scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(ClientDisconnect):
        await app(scope, receive, unreachable)
