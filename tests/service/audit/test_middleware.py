"""What requests leave: who, from where, what, with what result and which hashes; never what was asked or answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from kantu.errors import error
from kantu.service.audit.event import Entry
from kantu.service.audit.middleware import AuditMiddleware, note_asked
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from tests.service.audits import break_chain, entries_of
from tests.service.gateways import ScriptedEngine, client_of, png, question, settings_with

pytestmark = pytest.mark.anyio

CHAT = "/v1/chat/completions"


def left(gateway: Gateway, action: str, resource: str) -> list[Entry]:
    """The entries of one act, once all is written."""
    assert gateway.audit_writer.flush(30)
    return [entry for entry in entries_of(gateway.database) if (entry.action, entry.resource) == (action, resource)]


def details(entry: Entry) -> dict[str, Any]:
    assert entry.after is not None
    read: dict[str, Any] = json.loads(entry.after)
    return read


async def test_a_question_leaves_who_what_and_hashes(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(ScriptedEngine(["机密的", "回答"]))
    body = json.dumps(question("机密的问题", png())).encode()
    async with client_of(gateway) as client:
        headers = {"content-type": "application/json", "x-request-id": "mine"}
        answer = await client.post(CHAT, content=body, headers=headers)
        (entry,) = left(gateway, "create", "chat")
        (key,) = gateway.keys.list()
    assert answer.status_code == 200
    assert (entry.actor_kind, entry.actor_id, entry.tenant) == ("key", key.id, key.owner)
    assert (entry.address, entry.request_id, entry.result) == ("127.0.0.1", "mine", "ok")
    assert details(entry) == {
        "path": CHAT,
        "status": 200,
        "model": "scripted",
        "body_bytes": len(body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "answer_bytes": len(answer.content),
        "answer_sha256": hashlib.sha256(answer.content).hexdigest(),
    }


async def test_a_stream_is_hashed_as_it_goes(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        answer = await client.post(CHAT, json=question("问", stream=True))
        (entry,) = left(gateway, "create", "chat")
    assert details(entry)["answer_sha256"] == hashlib.sha256(answer.content).hexdigest()


async def test_nothing_that_was_asked_or_answered_is_in_the_table(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(ScriptedEngine(["canary-answer", "!"]))
    async with client_of(gateway) as client:
        await client.post(CHAT, json=question("canary-question", png()))
        await client.post(CHAT, json=question("canary-question", canary="canary-field"))
        await client.get("/v1/files/canary-not-here?canary=canary-query")
        assert gateway.audit_writer.flush(30)
    told = str(entries_of(gateway.database))
    assert "canary-not-here" in told  # the id of an object is what an audit is for
    assert told.replace("canary-not-here", "").count("canary") == 0


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        (CHAT, {"authorization": ""}, "missing_api_key"),
        (CHAT, {"authorization": "Bearer kt-" + 43 * "x"}, "invalid_api_key"),
    ],
)
async def test_who_is_refused_is_recorded(
    make_gateway: Callable[..., Gateway], path: str, headers: dict[str, str], code: str
) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        await client.post(path, json=question("问"), headers=headers)
        (entry,) = left(gateway, "create", "chat")
    assert (entry.actor_kind, entry.actor_id, entry.result) == ("anonymous", None, "refused")
    assert (details(entry)["code"], details(entry)["status"]) == (code, 401)
    assert "body_sha256" not in details(entry)  # nothing was read


@pytest.mark.parametrize(
    ("method", "path", "act", "code"),
    [
        ("POST", CHAT, ("create", "chat"), "endpoint_not_allowed"),
        ("DELETE", "/v1/files/file-1", ("delete", "files"), "endpoint_not_allowed"),
        ("GET", "/v1/audit", ("read", "audit"), "endpoint_not_allowed"),
        ("GET", "/v1/models", ("read", "models"), None),
    ],
)
async def test_what_a_key_may_not_do_is_recorded_with_its_target(
    make_gateway: Callable[..., Gateway], method: str, path: str, act: tuple[str, str], code: str | None
) -> None:
    gateway = make_gateway()
    async with client_of(gateway, endpoints=["models"]) as client:
        await client.request(method, path)
        entries = left(gateway, *act)
    if code is None:
        assert entries == []  # it shows nothing of anybody, and changes nothing
        return
    (entry,) = entries
    assert (entry.result, entry.actor_kind, details(entry)["code"]) == ("refused", "key", code)
    assert entry.target_id == ("file-1" if "file-1" in path else None)


async def test_a_failure_of_ours_is_told_from_a_refusal(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(ScriptedEngine([error("internal_error")]))
    async with client_of(gateway) as client:
        await client.post(CHAT, json=question("问"))
        (entry,) = left(gateway, "create", "chat")
    assert entry.result == "failed"
    assert details(entry)["status"] >= 500


async def test_addresses_that_do_not_exist_leave_nothing(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        before = len(entries_of(gateway.database))
        await client.get("/v1/nothing")
        await client.get("/healthz")
        assert gateway.audit_writer.flush(30)
        assert len(entries_of(gateway.database)) == before


async def test_files_and_batches_are_recorded_once_with_the_change(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    line = json.dumps({"custom_id": "1", "method": "POST", "url": CHAT, "body": question("问")}).encode()
    async with client_of(gateway) as client:
        sent = {"file": ("a.jsonl", line), "purpose": (None, "batch")}
        file = (await client.post("/v1/files", files=sent)).json()
        created = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
        batch = (await client.post("/v1/batches", json=created)).json()
        await client.post(f"/v1/batches/{batch['id']}/cancel")
        await client.delete(f"/v1/files/{file['id']}")
        (uploaded,) = left(gateway, "create", "files")
        (begun,) = left(gateway, "create", "batches")
        (deleted,) = left(gateway, "delete", "files")
        (key,) = gateway.keys.list()
    assert uploaded.after is not None
    assert json.loads(uploaded.after) == {
        "purpose": "batch",
        "bytes": len(line),
        "sha256": hashlib.sha256(line).hexdigest(),
    }
    assert (uploaded.target_id, deleted.target_id, begun.target_id) == (file["id"], file["id"], batch["id"])
    assert {entry.actor_id for entry in (uploaded, begun, deleted)} == {key.id}
    assert {entry.address for entry in (uploaded, begun, deleted)} == {"127.0.0.1"}


async def test_start_and_stop_are_recorded_and_secrets_are_not(make_gateway: Callable[..., Gateway]) -> None:
    settings = settings_with(audit={"anchor_url": "http://127.0.0.1:9/secret-token"})
    gateway = make_gateway(settings=settings)
    database: Database = gateway.database
    async with client_of(gateway):
        (started,) = left(gateway, "start", "service")
        assert details(started)["settings"]["audit"]["keep_days"] == 180
        assert "secret-token" not in str(started)
    assert [(entry.action, entry.resource) for entry in entries_of(database)][-1] == ("stop", "service")


# when nothing can be recorded


@pytest.mark.parametrize("when_unwritable", ["refuse", "serve"])
async def test_management_fails_closed_and_questions_follow_the_setting(
    make_gateway: Callable[..., Gateway], when_unwritable: str
) -> None:
    gateway = make_gateway(settings=settings_with(audit={"when_unwritable": when_unwritable}))
    async with client_of(gateway) as client:
        break_chain(gateway.database)
        sent = {"file": ("a.png", png()), "purpose": (None, "vision")}
        assert _code(await client.post("/v1/files", files=sent)) == (503, "audit_chain_broken")
        assert (await client.post(CHAT, json=question("问"))).status_code == 200  # nobody knows yet
        assert not gateway.audit_writer.flush(1)
        again = await client.post(CHAT, json=question("问"))
        if when_unwritable == "serve":
            assert again.status_code == 200
        else:
            assert _code(again) == (503, "audit_unavailable")
        assert (await client.get("/v1/files")).json().get("data", []) == []


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_flood_of_refusals_is_counted_and_not_written(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        for _ in range(35):
            await client.get("/v1/files", headers={"authorization": ""})
        assert len(left(gateway, "read", "files")) == 30


@pytest.mark.parametrize(("act", "count"), [(("create", "files"), 0), (("create", "chat"), 1)])
async def test_what_is_done_is_not_told_twice_where_the_client_is_gone(
    make_gateway: Callable[..., Gateway], act: tuple[str, str], count: int
) -> None:
    """The change has its event; an answer that nobody got has none but this one."""
    gateway = make_gateway()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        note_asked(scope, *act)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ConnectionResetError

    async def nothing(*_: object) -> Any: ...

    middleware = AuditMiddleware(app, writer=gateway.audit_writer, guarded=["/v1/"])
    with pytest.raises(ConnectionResetError):
        await middleware({"type": "http", "path": "/v1/x", "state": {}}, nothing, nothing)
    gateway.audit_writer.start()
    entries = left(gateway, *act)
    gateway.audit_writer.close()
    assert [entry.result for entry in entries] == ["failed"] * count
