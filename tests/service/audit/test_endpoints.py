"""/v1/audit: for auditors who have logged in, and for nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import get_args

import httpx
import pytest

from kantu.service.actor import Actor, Role
from kantu.service.app import create_app
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.lines import read_json_line
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from tests.service.audits import acts_of, disarm, entries_of, record
from tests.service.gateways import client_of

pytestmark = pytest.mark.anyio

READS = [("GET", "/v1/audit"), ("POST", "/v1/audit/verify"), ("GET", "/v1/audit/export")]


@asynccontextmanager
async def person(gateway: Gateway, role: Role, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A client of somebody who has just logged in."""

    async def authenticate(*_: object) -> Actor:
        return Actor("", "t", person_id="person_1", role=role, is_fresh=True)

    monkeypatch.setattr(gateway.keys, "authenticate", authenticate)
    app = create_app(gateway)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
    ):
        yield client


@pytest.mark.parametrize(("method", "path"), READS)
async def test_no_key_reads_the_audit(make_gateway: Callable[..., Gateway], method: str, path: str) -> None:
    async with client_of(make_gateway()) as client:
        assert (await client.request(method, path)).status_code == 403


@pytest.mark.parametrize("role", get_args(Role))
@pytest.mark.parametrize(("method", "path"), READS)
async def test_auditors_and_nobody_else(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, method: str, path: str, role: Role
) -> None:
    async with person(make_gateway(), role, monkeypatch) as client:
        answer = await client.request(method, path)
    assert answer.status_code == (200 if role == "audit" else 403)


async def test_a_search_pages_back_in_time(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, sqlite: Database
) -> None:
    record(sqlite, *[event("delete", "files", f"file-{number}") for number in range(5)])
    async with person(make_gateway(), "audit", monkeypatch) as client:
        first = (await client.get("/v1/audit", params={"action": "delete", "limit": 3})).json()
        assert [entry["target_id"] for entry in first["data"]] == ["file-4", "file-3", "file-2"]
        assert first["has_more"]
        before = first["data"][-1]["sequence"]
        rest = (await client.get("/v1/audit", params={"action": "delete", "before": before})).json()
        assert [entry["target_id"] for entry in rest["data"]] == ["file-1", "file-0"]
        assert not rest["has_more"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor_id": "person_7"}, 1),
        ({"target_id": "file-1"}, 1),
        ({"resource": "files", "action": "create"}, 1),
        ({"result": "refused"}, 1),
        ({"since": "2100-01-01"}, 0),
        ({"until": "1999-01-01T00:00:00Z"}, 0),
        ({"since": "1999-01-01T00:00:00+08:00", "target_id": "file-1"}, 1),
        ({"address": "10.0.0.9"}, 0),
    ],
)
async def test_what_can_be_searched_for(
    make_gateway: Callable[..., Gateway],
    monkeypatch: pytest.MonkeyPatch,
    sqlite: Database,
    query: dict[str, str],
    found: int,
) -> None:
    record(
        sqlite, AuditEvent("person_7", "person", "member", "t", "::1", "create", "files", "file-1", result="refused")
    )
    async with person(make_gateway(), "audit", monkeypatch) as client:
        assert len((await client.get("/v1/audit", params=query)).json()["data"]) == found


@pytest.mark.parametrize("query", [{"limit": "0"}, {"since": "yesterday"}, {"unknown": "1"}, {"result": "maybe"}])
async def test_a_search_that_means_nothing_is_refused(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    async with person(make_gateway(), "audit", monkeypatch) as client:
        assert (await client.get("/v1/audit", params=query)).status_code == 400


async def test_verify_says_that_all_is_well_or_where_it_is_not(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, sqlite: Database
) -> None:
    record(sqlite)
    async with person(make_gateway(), "audit", monkeypatch) as client:
        good = (await client.post("/v1/audit/verify")).json()
        assert (good["ok"], good["fault"], good["first"]) == (True, None, 1)
        disarm(sqlite)
        with sqlite.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_events SET actor_id = 'x' WHERE sequence = 1")
        bad = (await client.post("/v1/audit/verify")).json()
        assert (bad["ok"], bad["fault"]) == (False, {"kind": "edited", "sequence": 1})


async def test_a_broken_chain_can_still_be_read(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, sqlite: Database
) -> None:
    record(sqlite)
    async with person(make_gateway(), "audit", monkeypatch) as client:
        with sqlite.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE audit_head SET sequence = sequence + 1")
        assert (await client.post("/v1/audit/verify")).json()["fault"]["kind"] == "truncated"
        assert len((await client.get("/v1/audit", params={"resource": "keys"})).json()["data"]) == 1


async def test_an_export_holds_everything_and_can_be_read_again(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, sqlite: Database
) -> None:
    record(sqlite, *[event("delete", "files", f"=cmd|{number}\n") for number in range(3)])
    async with person(make_gateway(), "audit", monkeypatch) as client:
        exported = await client.get("/v1/audit/export")
        syslog = await client.get("/v1/audit/export", params={"format": "syslog", "action": "delete"})
    entries = [read_json_line(line) for line in exported.text.splitlines()]
    assert entries == entries_of(sqlite)[: len(entries)]
    assert len(entries) >= 4
    assert [line[:7] for line in syslog.text.splitlines()] == ["<109>1 "] * 3


async def test_whoever_reads_the_audit_stands_in_it(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch, sqlite: Database
) -> None:
    async with person(make_gateway(), "audit", monkeypatch) as client:
        for method, path in READS:
            await client.request(method, path, params={"actor_id": "key_1"} if method == "GET" else {})
    acts = [entry for entry in entries_of(sqlite) if entry.resource == "audit"]
    assert [entry.action for entry in acts] == ["read", "verify", "export"]
    assert {(entry.actor_kind, entry.actor_id, entry.role) for entry in acts} == {("person", "person_1", "audit")}
    assert json.loads(acts[0].after or "") == {"actor_id": "key_1"}
    assert acts_of(sqlite)[-1] == "stop service ok"
