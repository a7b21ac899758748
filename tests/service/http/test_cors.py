"""Pages of other origins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kantu.service.gateway import Gateway
from tests.service.gateways import ScriptedEngine, client_of, question, settings_with

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]
CHAT = "/v1/chat/completions"
OURS, OTHERS = "https://app.example", "https://evil.example"


def allowing(*origins: str, **server: Any) -> Any:
    return settings_with(server={"cors_origins": list(origins), **server})


async def preflight(client: httpx.AsyncClient, origin: str = OURS, method: str = "POST") -> httpx.Response:
    """As a browser asks before OpenAI's client sends a question, without a key."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang",
    }
    request = client.build_request("OPTIONS", CHAT, headers=headers)
    del request.headers["authorization"]
    return await client.send(request)


def allowed(response: httpx.Response) -> str | None:
    return response.headers.get("access-control-allow-origin")


async def test_by_default_no_other_origin_is_allowed(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        asked = await preflight(client)
        assert (asked.status_code, asked.json()["error"]["code"]) == (405, "method_not_allowed")
        answer = await client.get("/v1/models", headers={"Origin": OURS})
    for response in (asked, answer):
        assert not [name for name in response.headers if name.startswith("access-control")]


async def test_a_preflight_needs_no_key_and_counts_as_no_request(make_gateway: Make) -> None:
    gateway = make_gateway(settings=allowing(OURS))
    async with client_of(gateway) as client:
        for method in ("GET", "HEAD", "POST", "DELETE"):
            response = await preflight(client, method=method)
            assert (response.status_code, allowed(response)) == (200, OURS)
            names = response.headers["access-control-allow-headers"].lower()
            assert {"authorization", "content-type", "x-stainless-lang"} <= set(names.split(","))
            assert "access-control-allow-credentials" not in response.headers
        assert (await preflight(client, method="PUT")).status_code == 400
    assert all(key.last_used_at is None for key in gateway.keys.list())


async def test_a_page_reads_its_answer_and_when_to_come_back(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=allowing(OURS))) as client:
        answer = await client.post(CHAT, json=question(), headers={"Origin": OURS})
    assert (answer.status_code, allowed(answer), answer.headers["vary"]) == (200, OURS, "Origin")
    readable = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"x-request-id", "retry-after", "retry-after-ms", "x-should-retry"} <= set(readable)
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_page_can_read_every_refusal_whoever_makes_it(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    gateway = make_gateway(engine, allowing(OURS, max_body_bytes=1024))
    async with client_of(gateway) as client:

        async def status(path: str = CHAT, **options: Any) -> int:
            options["headers"] = {"Origin": OURS, **options.get("headers", {})}
            response = await client.post(path, **options)
            assert allowed(response) == OURS
            assert "x-request-id" in response.headers
            return response.status_code

        assert await status(json={}, headers={"Authorization": "Bearer wrong"}) == 401
        assert await status("/v1/nothing") == 404
        assert await status(json=question("x" * 2000)) == 413
        assert await status(content=b"", headers={"Content-Encoding": "gzip"}) == 415
        engine.submit = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
        assert await status(json=question()) == 500
        gateway.lifecycle.draining = True
        assert await status(json=question()) == 503


async def test_another_origin_is_told_nothing(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=allowing(OURS, "http://localhost:5173"))) as client:
        for origin in (OTHERS, "null", "http://app.example", f"{OURS}.evil.example", f"{OURS}:8443"):
            assert allowed(await preflight(client, origin)) is None
            answer = await client.get("/v1/models", headers={"Origin": origin})
            assert (answer.status_code, allowed(answer)) == (200, None)


async def test_a_star_is_every_origin(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=allowing("*"))) as client:
        assert allowed(await preflight(client, OTHERS)) == "*"
        assert allowed(await client.get("/v1/models", headers={"Origin": OTHERS})) == "*"
