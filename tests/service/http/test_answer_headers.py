"""What every answer says to browsers and caches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kantu.service.app import create_app
from kantu.service.gateway import Gateway
from tests.service.gateways import ScriptedEngine, client_of, png, question, settings_with

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]
PROXIES = {"trusted_proxies": ["127.0.0.1"]}


async def test_every_answer_of_the_api_is_for_its_client_alone(make_gateway: Make) -> None:
    async with client_of(make_gateway(ScriptedEngine())) as client:
        uploaded = (await client.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a", png())})).json()
        answers = [
            await client.get("/v1/models"),
            await client.post("/v1/chat/completions", json=question()),
            await client.post("/v1/chat/completions", json=question(stream=True)),
            await client.post("/v1/chat/completions", content=b"{", headers={"content-type": "application/json"}),
            await client.post("/v1/chat/completions", content=b"{", headers={"content-encoding": "gzip"}),
            await client.get("/v1/models", headers={"authorization": "Bearer wrong"}),
            await client.get("/v1/nothing"),
            await client.delete("/v1/models"),
            await client.head("/v1/models"),
            await client.get(f"/v1/files/{uploaded['id']}/content"),
            await client.get(f"/v1/files/{uploaded['id']}/content", headers={"range": "bytes=x"}),
        ]
    assert {answer.status_code for answer in answers} == {200, 400, 401, 404, 405, 415}
    for answer in answers:
        assert answer.headers.get_list("cache-control") == ["no-store"], answer.request
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"], answer.request
        assert "strict-transport-security" not in answer.headers
    assert answers[-2].headers["content-disposition"].startswith("attachment;")


async def test_the_pages_files_may_be_kept_and_nothing_is_sniffed(make_gateway: Make) -> None:
    async with client_of(make_gateway(settings=settings_with(server={"page": True}))) as client:
        page, script = await client.get("/"), await client.get("/page/main.js")
        for answer in (page, script, await client.get("/healthz"), await client.get("/nothing")):
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert page.headers["cache-control"] == "no-store"
    assert script.headers["cache-control"] == "no-cache"


async def hsts(gateway: Gateway, url: str, **headers: str) -> list[str]:
    transport = httpx.ASGITransport(create_app(gateway))
    async with httpx.AsyncClient(transport=transport) as client:
        return (await client.get(url, headers=headers)).headers.get_list("strict-transport-security")


@pytest.mark.parametrize("path", ["/v1/models", "/healthz", "/nothing"])
async def test_over_tls_browsers_are_told_to_stay_with_it(make_gateway: Make, path: str) -> None:
    assert await hsts(make_gateway(), f"https://gateway{path}") == ["max-age=31536000"]
    assert await hsts(make_gateway(), f"http://gateway{path}") == []


@pytest.mark.parametrize(("server", "told"), [({}, []), (PROXIES, ["max-age=31536000"])])
async def test_tls_that_a_proxy_tells_of_counts_where_the_proxy_does(
    make_gateway: Make, server: dict[str, Any], told: list[str]
) -> None:
    gateway = make_gateway(settings=settings_with(server=dict(server)))
    assert await hsts(gateway, "http://gateway/v1/models", **{"x-forwarded-proto": "https"}) == told
