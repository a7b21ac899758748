"""Who sends a request is known before a byte of its body is read; of whoever has no good key nothing is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from kantu.errors import AuthenticationError, KantuError, StoreError
from kantu.service.actor import Actor
from kantu.service.errors import error_response
from kantu.service.http.actor import ActorMiddleware, actor_of, is_refused, known_actor

pytestmark = pytest.mark.anyio
addresses: list[str | None] = []
ALICE = Actor("key_1", "alice")


async def authenticate(authorization: str | None, address: str | None) -> Actor:
    addresses.append(address)
    if authorization == "Bearer lost":
        raise StoreError("store_unavailable", "数据库", "the database")
    if authorization != "Bearer good":
        raise AuthenticationError("invalid_api_key", "密钥无效", "The key is not valid.")
    return ALICE


async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the tenant and the length of the body; reads the body first, as the framework does."""
    body = await Request(scope, receive).body()
    try:
        response = JSONResponse([actor_of(scope).tenant, len(body)])
    except KantuError as error:
        response = error_response(error, scope)
    await response(scope, receive, send)


class Exchange:
    """One request, and what became of it."""

    def __init__(self, *, key: str | None, path: str = "/v1/models", body: bytes = b"{}", **headers: str) -> None:
        self.reads = 0
        self._body = body
        self.sent: list[Message] = []
        given = {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given["authorization"] = f"Bearer {key}"
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "client": ("192.0.2.1", 1234),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }

    async def run(self, app: Any = endpoint) -> Exchange:
        guarded = ActorMiddleware(app, authenticate=authenticate, guarded=("/v1/", "/metrics"))
        await guarded(self.scope, self._receive, self._send)
        return self

    async def _receive(self) -> Message:
        self.reads += 1
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def answer(self) -> Any:
        return json.loads(self.sent[1]["body"])


async def test_a_good_key_s_holder_is_known_and_its_body_is_the_application_s() -> None:
    exchange = await Exchange(key="good").run()
    assert (exchange.status, exchange.answer) == (200, ["alice", 2])
    assert known_actor(exchange.scope) == ALICE
    assert exchange.scope["state"]["key_id"] == "key_1"  # for the log
    assert b"connection" not in exchange.headers
    assert addresses[-1] == "192.0.2.1"  # wrong keys of one address are answered later and later


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("bad", 401), ("lost", 503)])
async def test_without_a_good_key_nothing_is_read_and_the_connection_ends(key: str | None, status: int) -> None:
    exchange = await Exchange(key=key, body=b"x" * 1000).run()
    assert exchange.status == status
    assert exchange.reads == 0  # so no "100 Continue" is sent either
    assert exchange.headers[b"connection"] == b"close"
    assert known_actor(exchange.scope) is None
    assert is_refused(exchange.scope)
    assert "key_id" not in exchange.scope["state"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/messages", {"x_api_key": "good"}, 200),
        ("/v1/messages/count_tokens", {"x_api_key": "good"}, 200),
        ("/v1/messages", {"x_api_key": "bad"}, 401),
        ("/v1/messages", {"x_api_key": ""}, 401),
        ("/v1/messages", {"x_api_key": "good", "authorization": "Bearer bad"}, 401),  # one key, not whichever is good
        ("/v1/models", {"x_api_key": "good"}, 401),
        ("/v1/messages2", {"x_api_key": "good"}, 401),
    ],
)
async def test_the_key_of_anthropic_s_clients_has_its_header_at_their_addresses(
    path: str, headers: dict[str, str], status: int
) -> None:
    assert (await Exchange(key=None, path=path, **headers).run()).status == status


async def test_chunks_announce_a_body_too() -> None:
    exchange = await Exchange(key=None, content_length="0", transfer_encoding="chunked").run()
    assert exchange.headers[b"connection"] == b"close"


async def test_a_connection_stays_where_no_body_is_left_on_it() -> None:
    exchange = await Exchange(key=None, body=b"").run()
    assert exchange.status == 401
    assert b"connection" not in exchange.headers


async def test_what_does_not_exist_is_not_found_without_a_key() -> None:
    async def router(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({}, 404)(scope, receive, send)

    assert (await Exchange(key=None, path="/v1/nothing").run(router)).status == 404


async def test_who_reads_on_is_told_that_nothing_more_comes() -> None:
    seen: list[Message] = []

    async def curious(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([await receive(), await receive(), await receive()])

    await Exchange(key=None).run(curious)
    assert [message["type"] for message in seen] == ["http.request", "http.disconnect", "http.disconnect"]


async def test_other_addresses_ask_nobody() -> None:
    async def open_to_all(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"refused": is_refused(scope)})(scope, receive, send)

    exchange = await Exchange(key="bad", path="/healthz").run(open_to_all)
    assert exchange.answer == {"refused": False}


async def test_an_address_that_is_not_guarded_lets_nobody_in_who_must_be_known() -> None:
    with pytest.raises(KeyError):
        await Exchange(key="good", path="/open").run()
