"""What every route of the API depends on: a good key, for what it does, with requests left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request

from kantu.service.access import Authorize, part, provide
from kantu.service.actor import Actor, Limits
from kantu.service.errors import install
from kantu.service.gateway import Gateway
from kantu.service.http.actor import ActorMiddleware
from kantu.service.keys.service import KeyService

pytestmark = pytest.mark.anyio
Make = Callable[..., Gateway]


@asynccontextmanager
async def client_of(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    provide(app, [gateway.limiter, gateway.keys, gateway.audit_writer])
    install(app)
    app.add_middleware(ActorMiddleware, authenticate=gateway.keys.authenticate, guarded=("/files", "/any"))

    @app.get("/files")
    async def files(request: Request, actor: Annotated[Actor, Depends(Authorize("read", "files"))]) -> list[str]:
        return [actor.key_id, request.state.key_id]

    @app.get("/any")
    async def anything(actor: Annotated[Actor, Depends(Authorize("read", "metrics", counted=False))]) -> str:
        return actor.tenant

    @app.get("/keys")
    async def keys(keys: Annotated[KeyService, Depends(part(KeyService))]) -> bool:
        return keys is gateway.keys

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


async def ask(client: httpx.AsyncClient, path: str, key: str | None) -> tuple[int, str | None]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    answer = await client.get(path, headers=headers)
    return answer.status_code, None if answer.status_code == 200 else answer.json()["error"]["code"]


async def test_the_actor_is_whoever_holds_the_key_and_its_id_is_noted(make_gateway: Make) -> None:
    gateway = make_gateway()
    key, text = gateway.keys.create("a")
    async with client_of(gateway) as client:
        answer = await client.get("/files", headers={"Authorization": f"Bearer {text}"})
    assert answer.json() == [key.id, key.id]


@pytest.mark.parametrize("path", ["/files", "/any"])
async def test_without_a_good_key_there_is_no_way_in(make_gateway: Make, path: str) -> None:
    async with client_of(make_gateway()) as client:
        assert await ask(client, path, None) == (401, "missing_api_key")
        assert await ask(client, path, "kt-x") == (401, "invalid_api_key")
        answer = await client.get(path)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_for_other_endpoints_is_turned_away(make_gateway: Make) -> None:
    gateway = make_gateway()
    _, text = gateway.keys.create("a", endpoints=["chat"])
    async with client_of(gateway) as client:
        assert await ask(client, "/files", text) == (403, "endpoint_not_allowed")
        assert await ask(client, "/any", text) == (200, None)


async def test_a_request_is_counted_where_an_endpoint_is_used(make_gateway: Make) -> None:
    gateway = make_gateway()
    _, text = gateway.keys.create("a", limits=Limits(requests_per_day=1))
    async with client_of(gateway) as client:
        assert await ask(client, "/any", text) == (200, None)
        assert await ask(client, "/files", text) == (200, None)
        assert await ask(client, "/files", text) == (429, "request_limit_exceeded")
        assert await ask(client, "/any", text) == (200, None)


async def test_what_is_turned_away_for_its_endpoint_is_not_counted(make_gateway: Make) -> None:
    gateway = make_gateway()
    _, text = gateway.keys.create("a", endpoints=["chat"], limits=Limits(requests_per_day=1))
    async with client_of(gateway) as client:
        for _ in range(3):
            assert await ask(client, "/files", text) == (403, "endpoint_not_allowed")


async def test_a_change_to_a_key_holds_from_the_next_request(make_gateway: Make) -> None:
    gateway = make_gateway()
    key, text = gateway.keys.create("a")
    async with client_of(gateway) as client:
        assert await ask(client, "/files", text) == (200, None)
        gateway.keys.revoke(key.id)
        assert await ask(client, "/files", text) == (401, "revoked_api_key")


async def test_a_part_of_the_service_is_found_by_its_type(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        assert (await client.get("/keys")).json() is True
