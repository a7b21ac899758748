"""Abuse of identity: forged keys, keys that are over, other people's ids, races for a quota, forged log lines."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from kantu.service.actor import ENDPOINTS, Limits
from kantu.service.app import create_app
from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from kantu.service.keys.service import KeyService
from kantu.service.oidc.endpoints import OPEN_TO_ALL
from kantu.service.sessions.endpoints import LOGIN
from kantu.service.settings import AuditSettings
from tests.service.decisions.bodies import decision, user
from tests.service.gateways import data_url, png
from tests.service.proof.live import CHAT, MODEL, LiveGateway, code_of, question

pytestmark = pytest.mark.whole

_SOURCES = count(1)
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@pytest.fixture
def source() -> str:
    """An address that has sent no wrong key yet, whose answers are not delayed."""
    return f"127.0.7.{next(_SOURCES)}"


@pytest.fixture
def keys(live: LiveGateway) -> Iterator[KeyService]:
    database = Database.sqlite(live.home / "kantu.db")
    yield KeyService(database, open_audit_log(AuditSettings(), live.home, database))
    database.close()


def _client_from(live: LiveGateway, source: str, key: str) -> httpx.Client:
    return live.client(key, transport=httpx.HTTPTransport(local_address=source))


# Keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer kt-",
        "Bearer ' OR '1'='1",
        "Bearer ' OR 1=1 --",
        "Bearer kt-' UNION SELECT * FROM api_keys --",
        "Bearer kt-%25",
        "Bearer kt-*",
        "Bearer null",
        "Bearer {key}' OR '1'='1",
        'Bearer {key}"; DROP TABLE api_keys; --',
        "Bearer {key}=",
        "Bearer {key}a",
        "Bearer {key} {key}",
        "{key}",
        "Basic {key}",
        'Digest username="a"',
        "Bearer " + "a" * 60_000,
        "Bearer kt-" + "é" * 43,
        "Bearer kt-" + "\uff41" * 43,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_not_exactly_a_key_opens_nothing(live: LiveGateway, source: str, text: str) -> None:
    sent = text.format(key=live.key).encode() if "{key}" in text else text.encode()
    status, code = live.exchange(
        b"GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: " + sent + b"\r\n\r\n", source
    )
    assert (status, code) in [(401, "invalid_api_key"), (401, "missing_api_key")]
    with live.client() as client:
        assert client.get("/v1/models").status_code == 200  # and no table has gone


def test_a_second_authorization_header_is_not_tried(live: LiveGateway, source: str) -> None:
    headers = f"Authorization: Bearer x\r\nAuthorization: Bearer {live.key}\r\n"
    sent = f"GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n"
    assert live.exchange(sent.encode(), source) == (401, "invalid_api_key")


@pytest.mark.parametrize("place", ["query", "cookie", "x-api-key", "body"])
def test_a_key_is_only_taken_from_its_header(live: LiveGateway, place: str) -> None:
    given: dict[str, Any] = {
        "query": {"params": {"api_key": live.key, "access_token": live.key}},
        "cookie": {"headers": {"Cookie": f"api_key={live.key}"}},
        "x-api-key": {"headers": {"x-api-key": live.key, "api-key": live.key}},
        "body": {"json": {**question(), "api_key": live.key}},
    }[place]
    answer = httpx.post(live.address + CHAT, trust_env=False, **({"json": question()} | given))
    assert code_of(answer) == (401, "missing_api_key")


def test_a_key_ends_at_its_time_and_when_it_is_revoked(live: LiveGateway, keys: KeyService, source: str) -> None:
    short, short_text = keys.create("short", expires_at=int(time.time()) + 2)
    revoked, revoked_text = keys.create("revoked")
    with _client_from(live, source, short_text) as brief, _client_from(live, source, revoked_text) as gone:
        assert gone.get("/v1/models").status_code == 200
        keys.revoke(revoked.id)
        assert code_of(gone.get("/v1/models")) == (401, "revoked_api_key")
        assert code_of(gone.post(CHAT, json=question())) == (401, "revoked_api_key")
        assert short.expires_at is not None
        while time.time() < short.expires_at:
            time.sleep(0.05)
        assert code_of(brief.get("/v1/models")) == (401, "expired_api_key")


@pytest.mark.parametrize("allowed", ENDPOINTS)
def test_a_key_opens_only_its_endpoints(live: LiveGateway, allowed: str) -> None:
    asks: dict[str, Callable[[httpx.Client], httpx.Response]] = {
        "chat": lambda client: client.post(CHAT, json=question()),
        "decisions": lambda client: client.post("/v1/decisions", json=decision(model=MODEL)),
        "tasks": lambda client: client.get("/v1/tasks"),
        "models": lambda client: client.get("/v1/models"),
        "files": lambda client: client.get("/v1/files"),
        "batches": lambda client: client.get("/v1/batches"),
        "history": lambda client: client.get("/v1/history"),
        "tokenize": lambda client: client.post(
            "/v1/tokenize", json={"model": MODEL, "messages": question()["messages"]}
        ),
    }
    with live.client(live.new_key(endpoints=[allowed])) as client:
        answers = {name: code_of(ask(client)) for name, ask in asks.items()}
    assert answers == {name: (200, None) if name == allowed else (403, "endpoint_not_allowed") for name in ENDPOINTS}


def test_a_key_for_another_model_opens_none_of_this_one(live: LiveGateway) -> None:
    with live.client(live.new_key(models=["another"])) as client:
        assert code_of(client.post(CHAT, json=question())) == (403, "model_not_allowed")
        assert client.get("/v1/models").json()["data"] == []
        assert code_of(client.get(f"/v1/models/{MODEL}")) == (403, "model_not_allowed")


def test_a_batch_cannot_do_what_its_key_may_not(live: LiveGateway) -> None:
    with live.client(live.new_key(endpoints=["files", "batches"])) as client:
        body = {"input_file_id": input_file(client), "endpoint": CHAT, "completion_window": "24h"}
        assert code_of(client.post("/v1/batches", json=body)) == (403, "endpoint_not_allowed")


# Other people's ids


def input_file(client: httpx.Client) -> str:
    line = {"custom_id": "a", "method": "POST", "url": CHAT, "body": {"model": "another", "messages": []}}
    upload = {"data": {"purpose": "batch"}, "files": {"file": ("a.jsonl", json.dumps(line).encode())}}
    return str(client.post("/v1/files", **upload).json()["id"])


_NAMED = ("/v1/models/", "/v1/tasks/")  # names that everybody may know
# Where no key is let in, whosever the id is: tests/service/people, tests/service/groups.
_OF_PEOPLE = ("/v1/people/", "/v1/account/", "/v1/groups/", "/v1/keys/")


def id_routes(document: dict[str, Any]) -> list[tuple[str, str]]:
    """(method, path) of every route of the API with an id in it."""
    return [
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path.startswith("/v1/") and _PARAMETER.search(path) and not path.startswith((*_NAMED, *_OF_PEOPLE))
    ]


def test_nobody_s_id_opens_anything_to_another_owner(live: LiveGateway) -> None:
    with live.client(live.new_key()) as owner, live.client(live.new_key()) as other:
        file_id = input_file(owner)
        batch = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h"}
        ids = {"file_id": file_id, "batch_id": owner.post("/v1/batches", json=batch).json()["id"]}
        told = id_routes(owner.get("/openapi.json").json())
        routes = [route for route in told if "history" not in route[1]]  # nothing is kept here: tests/service/retention
        assert {name for _, path in routes for name in _PARAMETER.findall(path)} == set(ids)
        paths = [(method, _PARAMETER.sub(lambda match: ids[match[1]], path)) for method, path in routes]
        for method, path in paths:
            status, code = code_of(other.request(method, path))
            assert (status, code) in [(404, "file_not_found"), (404, "batch_not_found")], (method, path)
            assert code_of(httpx.request(method, live.address + path, trust_env=False))[0] == 401
        for method, path in paths:  # as if the other had never asked
            if method == "GET":
                assert owner.request(method, path).status_code == 200, path
        assert code_of(other.post("/v1/batches", json=batch)) == (404, "file_not_found")
        assert code_of(other.get("/v1/files", params={"after": file_id})) == (404, "file_not_found")
        assert code_of(other.get("/v1/batches", params={"after": ids["batch_id"]})) == (404, "batch_not_found")
        assert other.get("/v1/files").json()["data"] == other.get("/v1/batches").json()["data"] == []


def test_nobody_s_picture_can_be_asked_about_by_another_owner(live: LiveGateway) -> None:
    with live.client(live.new_key()) as owner, live.client(live.new_key()) as other:
        upload = {"data": {"purpose": "vision"}, "files": {"file": ("a.png", png())}}
        file_id = owner.post("/v1/files", **upload).json()["id"]
        parts = [{"type": "image_url", "image_url": {"file_id": file_id}}, {"type": "text", "text": "问"}]
        body = {**question(), "messages": [{"role": "user", "content": parts}]}
        assert code_of(other.post(CHAT, json=body)) == (404, "file_not_found")
        tokens = {"model": MODEL, "messages": body["messages"]}
        assert code_of(other.post("/v1/tokenize", json=tokens)) == (404, "file_not_found")
        shown = {"type": "input_image", "file_id": file_id}
        decided = decision(model=MODEL, given=[user(shown)])
        assert code_of(other.post("/v1/decisions", json=decided)) == (404, "file_not_found")
        assert owner.post(CHAT, json=body).status_code == 200


def test_two_keys_of_one_owner_see_the_same(live: LiveGateway) -> None:
    with live.client(live.new_key(owner="team")) as one, live.client(live.new_key(owner="team")) as two:
        assert two.get(f"/v1/files/{input_file(one)}").status_code == 200


# Quotas


def race(
    live: LiveGateway, key: str, ask: Callable[[httpx.Client], httpx.Response], times: int
) -> list[httpx.Response]:
    with ThreadPoolExecutor(times) as pool:
        clients = [live.client(key) for _ in range(times)]
        try:
            return list(pool.map(ask, clients))
        finally:
            for client in clients:
                client.close()


def test_fifty_racing_requests_with_a_limit_of_ten_are_ten(live: LiveGateway) -> None:
    answers = race(live, live.new_key(limits=Limits(requests_per_day=10)), lambda client: client.get("/v1/models"), 50)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) == 40
    for answer in refused:
        assert code_of(answer) == (429, "request_limit_exceeded")
        assert 0 < int(answer.headers["retry-after"]) <= 86_400
        assert 0 < int(answer.headers["retry-after-ms"]) <= 86_400_000


def test_ten_racing_pictures_with_visual_tokens_for_three_are_three(live: LiveGateway) -> None:
    parts = [{"type": "image_url", "image_url": {"url": data_url(png(256, 256))}}, {"type": "text", "text": "问"}]
    body = {**question(), "messages": [{"role": "user", "content": parts}]}
    with live.client() as client:
        tokens = client.post("/v1/tokenize", json={"model": MODEL, "messages": body["messages"]}).json()
    limits = Limits(visual_tokens_per_day=3 * tokens["visual_tokens"] + 1)
    answers = race(live, live.new_key(limits=limits), lambda client: client.post(CHAT, json=body), 10)
    codes = sorted(str(code_of(answer)) for answer in answers)
    assert codes == [str((200, None))] * 3 + [str((429, "visual_token_limit_exceeded"))] * 7


# Logs


def test_nothing_that_is_sent_forges_a_line_of_the_log(live: LiveGateway) -> None:
    forged = 'forged\r\n{"level": "forged"}\n\x1b[2J\u2028\u202eforged'
    ascii_only = forged.encode("ascii", "ignore").decode()
    with live.client() as client:
        client.post(LOGIN, json={"name": forged, "password": forged, "code": forged})
        client.post(LOGIN, json={"name": forged, "password": "a", forged: forged})
        client.post(CHAT, json={**question(forged), "model": forged})
        client.post(CHAT, json={**question(), forged: 1})
        client.post(CHAT, json={**question(), "user": forged})
        client.post(CHAT, json={**question(), "stop": [forged]})
        client.get("/v1/models/" + quote(forged))
        client.get("/v1/files", params={"after": forged, forged: "a"})
        client.post("/v1/files", data={"purpose": forged}, files={"file": (forged, forged.encode())})
        client.post("/v1/batches", json={"input_file_id": forged, "endpoint": CHAT, "completion_window": "24h"})
        line = {"custom_id": forged, "method": forged, "url": forged, "body": {forged: forged}}
        upload = {"data": {"purpose": "batch"}, "files": {"file": (forged, json.dumps(line).encode())}}
        made = client.post("/v1/files", **upload)
        body = {
            "input_file_id": made.json()["id"],
            "endpoint": CHAT,
            "completion_window": "24h",
            "metadata": {"a": forged},
        }
        client.post("/v1/batches", json=body)
    for header in ("x-request-id", "user-agent", "authorization", "traceparent", "accept-language", "content-type"):
        for text in (ascii_only, ascii_only.replace("\r", " ").replace("\n", " "), forged.replace("\r\n", "")):
            start = f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n{header}: "
            live.exchange(start.encode() + text.encode() + b"\r\n\r\n")
    live.exchange(f"FORGED /{ascii_only} HTTP/1.1\r\n\r\n".encode())
    written = live.log.read_bytes().decode()
    assert "forged" not in written.lower()
    assert not set(written) & set("\r\x1b\u2028\u202e\x7f")
    lines = [line for line in written.split("\n") if line and not line.startswith(("已创建", "看图", "模型"))]
    assert {"time", "level", "event"} <= set.intersection(*(set(json.loads(line)) for line in lines))


def test_every_route_of_the_api_asks_for_a_key(make_gateway: Callable[..., Gateway]) -> None:
    document = create_app(make_gateway()).openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            is_open = not path.startswith("/v1/") or (method.upper(), path) in {("POST", LOGIN), *OPEN_TO_ALL}
            assert bool(operation.get("security")) is not is_open, (method, path)
