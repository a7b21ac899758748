"""What a person stores is the tenant's, what a person has asked is theirs alone, and to others neither exists."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from kantu.service.app import create_app
from kantu.service.batches.record import UNFINISHED
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.people import repository
from kantu.service.people.person import Person
from kantu.service.retention.erasure import erase_owner
from kantu.service.retention.keyring import MasterKey, write_keys
from tests.service.audits import LOG
from tests.service.gateways import ScriptedEngine, png, question, settings_with
from tests.service.people.visitors import CHEAP, add_person, outcome, session_of

pytestmark = pytest.mark.anyio

CHAT, HISTORY = "/v1/chat/completions", "/v1/history"


class Team:
    """Two people and a key of one tenant, and somebody of another one."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.people: dict[str, Person] = {}
        for name, tenant in (("wei", "team"), ("li", "team"), ("stranger", "others")):
            self.people[name] = add_person(gateway.database, name, tenant=tenant)
        key = gateway.keys.create("k", owner="team")[1]
        self.clients = {name: self._client(session_of(gateway.database, who)) for name, who in self.people.items()}
        self.clients["key"] = self._client({"Authorization": f"Bearer {key}"})

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        self.app = create_app(self.gateway)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="https://gateway", headers=headers)

    async def code(self, who: str, method: str, path: str, **more: Any) -> tuple[int, str | None]:
        return outcome(await self.clients[who].request(method, path, **more))


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[Team]:
    team = Team(gateway)
    async with team.app.router.lifespan_context(team.app):
        yield team
        for client in team.clients.values():
            await client.aclose()


@pytest.fixture
async def team(make_gateway: Callable[..., Gateway], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    path = tmp_path_factory.mktemp("keys") / "master"
    write_keys(path, [MasterKey.new()])
    retention = {"days": 30, "key_file": path}
    settings = settings_with(people=CHEAP, retention=retention, server={"max_memory_bytes": 2**32})
    async with running(make_gateway(ScriptedEngine(), settings)) as team:
        yield team


async def upload(client: httpx.AsyncClient) -> tuple[str, str]:
    """The ids of a picture and of a batch's input."""
    line = json.dumps({"custom_id": "1", "method": "POST", "url": CHAT, "body": question("问")}).encode()
    sent = [
        {"file": ("a.png", png()), "purpose": (None, "vision")},
        {"file": ("a.jsonl", line), "purpose": (None, "batch")},
    ]
    ids = [(await client.post("/v1/files", files=one)).json()["id"] for one in sent]
    return ids[0], ids[1]


async def test_files_and_batches_are_the_tenant_s_and_to_others_there_are_none(team: Team) -> None:
    wei = team.clients["wei"]
    picture, lines = await upload(wei)
    created = {"input_file_id": lines, "endpoint": CHAT, "completion_window": "24h"}
    batch = (await wei.post("/v1/batches", json=created)).json()["id"]
    for who in ("li", "key"):
        for path in (f"/v1/files/{picture}", f"/v1/files/{picture}/content", f"/v1/batches/{batch}"):
            assert await team.code(who, "GET", path) == (200, None)
    for method, path, code in (
        ("GET", f"/v1/files/{picture}", "file_not_found"),
        ("GET", f"/v1/files/{picture}/content", "file_not_found"),
        ("DELETE", f"/v1/files/{picture}", "file_not_found"),
        ("GET", f"/v1/batches/{batch}", "batch_not_found"),
        ("POST", f"/v1/batches/{batch}/cancel", "batch_not_found"),
    ):
        assert await team.code("stranger", method, path) == (404, code), (method, path)
    assert await team.code("stranger", "POST", "/v1/batches", json=created) == (404, "file_not_found")
    about = question("问", {"file_id": picture})
    assert await team.code("stranger", "POST", CHAT, json=about) == (404, "file_not_found")
    assert await team.code("li", "POST", CHAT, json=about) == (200, None)
    for path in ("/v1/files", "/v1/batches"):
        assert (await team.clients["stranger"].get(path)).json()["data"] == []


async def test_what_a_person_has_asked_is_theirs_alone(team: Team) -> None:
    for who in ("wei", "key"):
        assert await team.code(who, "POST", CHAT, json=question(f"{who} 问")) == (200, None)
    titles = {}
    for who, client in team.clients.items():
        titles[who] = [one["title"] for one in (await client.get(HISTORY)).json()["data"]]
    assert titles == {"wei": ["wei 问"], "key": ["key 问"], "li": [], "stranger": []}
    (kept,) = (await team.clients["wei"].get(HISTORY)).json()["data"]
    path = f"{HISTORY}/{kept['id']}"
    for who in ("li", "key", "stranger"):
        for method, address in (("GET", path), ("GET", f"{path}/pictures/0"), ("DELETE", path)):
            assert await team.code(who, method, address) == (404, "history_not_found"), (who, method)
        assert (await team.clients[who].delete(HISTORY)).status_code == 200
    assert await team.code("wei", "GET", path) == (200, None)


async def test_a_key_that_shares_a_person_s_files_does_not_see_what_the_person_has_asked(team: Team) -> None:
    alone = add_person(team.gateway.database, "alone")
    client = team._client(session_of(team.gateway.database, alone))
    key = team.gateway.keys.create("k", owner=alone.id)[1]
    other = team._client({"Authorization": f"Bearer {key}"})
    picture, _ = await upload(client)
    await client.post(CHAT, json=question("问"))
    assert (await other.get(f"/v1/files/{picture}")).status_code == 200
    assert (await other.get(HISTORY)).json()["data"] == []
    assert len((await client.get(HISTORY)).json()["data"]) == 1


async def test_answers_of_one_tenant_warm_no_cache_of_another(team: Team) -> None:
    (model,) = team.gateway.models
    engine: Any = model.engine
    for who in ("wei", "li", "key", "stranger"):
        assert await team.code(who, "POST", CHAT, json=question("同一个问题")) == (200, None)
    salts = [request.tenant for request in engine.requests]
    assert salts == ["team", "team", "team", "others"]


async def test_a_batch_of_a_person_runs_as_the_person_is_when_its_turn_comes(team: Team) -> None:
    wei = team.clients["wei"]
    _, lines = await upload(wei)
    created = {"input_file_id": lines, "endpoint": CHAT, "completion_window": "24h"}
    done = await ended(team.clients["li"], (await wei.post("/v1/batches", json=created)).json())
    assert done["request_counts"] == {"total": 1, "completed": 1, "failed": 0}
    assert [one["title"] for one in (await wei.get(HISTORY)).json()["data"]] == ["问"]


async def ended(client: httpx.AsyncClient, batch: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while batch["status"] in UNFINISHED:
            await asyncio.sleep(0.02)
            batch = (await client.get(f"/v1/batches/{batch['id']}")).json()
    return batch


async def test_a_batch_of_somebody_who_is_disabled_meanwhile_answers_nothing(
    make_gateway: Callable[..., Gateway], sqlite: Database
) -> None:
    gateway = make_gateway(settings=settings_with(people=CHEAP))
    before = Team(gateway)  # nothing runs yet
    _, lines = await upload(before.clients["wei"])
    created = {"input_file_id": lines, "endpoint": CHAT, "completion_window": "24h"}
    batch = (await before.clients["wei"].post("/v1/batches", json=created)).json()
    with sqlite.session() as session:
        repository.change(session, before.people["wei"].id, disabled_at=1)
    async with before.app.router.lifespan_context(before.app):
        done = await ended(before.clients["li"], batch)
        assert done["request_counts"] == {"total": 1, "completed": 0, "failed": 1}
        told = (await before.clients["li"].get(f"/v1/files/{done['error_file_id']}/content")).text
    assert "account_disabled" in told


async def test_a_person_s_history_is_erased_by_their_id(team: Team, tmp_path: Path) -> None:
    for who in ("wei", "li"):
        await team.code(who, "POST", CHAT, json=question("问"))
    erased = erase_owner(team.gateway.database, LOG, tmp_path / "files", team.people["wei"].id)
    assert (erased.history, erased.verified) == (1, True)
    for who, count in (("wei", 0), ("li", 1)):
        assert len((await team.clients[who].get(HISTORY)).json()["data"]) == count
