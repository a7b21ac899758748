"""Clients that do not read, and requests that come too late."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.service.actor import Actor
from kantu.service.http.patience import DrainMiddleware, SlowReaderMiddleware
from kantu.service.lifecycle import Lifecycle

pytestmark = pytest.mark.anyio


async def ok(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("ok")(scope, receive, send)


def draining(app: ASGIApp, lifecycle: Lifecycle) -> ASGIApp:
    """With a key for whoever says so."""
    drain = DrainMiddleware(app, lifecycle=lifecycle)

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        if (b"key", b"good") in scope["headers"]:
            scope["state"] = {"actor": Actor("key_1", "alice")}
        await drain(scope, receive, send)

    return known


KEY = {"key": "good"}


async def test_a_client_that_does_not_read_is_taken_for_gone() -> None:
    async def stuck(message: Message) -> None:
        await asyncio.Event().wait()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(ConnectionAbortedError):
        await SlowReaderMiddleware(ok, seconds=0.05)({"type": "http"}, receive, stuck)


async def test_while_draining_the_api_is_closed_and_the_probes_are_open() -> None:
    lifecycle = Lifecycle()
    app = draining(ok, lifecycle)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        assert (await client.get("/v1/models", headers=KEY)).status_code == 200
        lifecycle.draining = True
        refused = await client.get("/v1/models", headers=KEY)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
        assert refused.headers["retry-after"] == "5"
        assert (await client.get("/healthz")).status_code == 200


async def test_draining_waits_for_what_is_under_way() -> None:
    lifecycle, release = Lifecycle(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await ok(scope, receive, send)

    app = draining(slow, lifecycle)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        request = asyncio.create_task(client.get("/v1/models", headers=KEY))
        while not lifecycle.in_flight:
            await asyncio.sleep(0)
        drained = asyncio.create_task(lifecycle.drained())
        await asyncio.sleep(0.01)
        assert not drained.done()
        release.set()
        assert (await request).status_code == 200
        await asyncio.wait_for(drained, 1)


async def test_whoever_has_no_key_holds_up_no_stop_and_counts_for_nothing() -> None:
    lifecycle, release = Lifecycle(), asyncio.Event()
    reached = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        reached.set()
        await release.wait()
        await ok(scope, receive, send)

    transport = httpx.ASGITransport(draining(slow, lifecycle))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        request = asyncio.create_task(client.post("/v1/chat/completions"))
        await reached.wait()
        assert lifecycle.in_flight == 0
        await asyncio.wait_for(lifecycle.drained(), 1)
        release.set()
        await request
