"""Nothing that a client sends, and nothing that it is answered, is found in logs, metrics, traces or error texts.

Every place that content can be in holds a marker of its own; whatever leaves the service by another way is searched
for what all markers have in common. All loggers, those of libraries too, say everything that they can.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import text as sql

from kantu.engine.protocol import Listener
from kantu.engine.request import Delta, Request
from kantu.errors import DeadlineExceededError, EngineError, OutOfMemoryError, OverloadedError
from kantu.service.actor import Limits
from kantu.service.batches.record import UNFINISHED
from kantu.service.dialect import MESSAGES
from kantu.service.gateway import Gateway
from kantu.service.watch.logs import configure
from kantu.service.watch.traces import Tracing
from tests.service.decisions.bodies import PATH as DECISIONS
from tests.service.decisions.bodies import decision, user
from tests.service.decisions.bodies import picture as shown_picture
from tests.service.gateways import MODEL as SCRIPTED
from tests.service.gateways import ScriptedEngine, data_url, question, settings_with
from tests.service.listening import Listening, listening
from tests.service.proof.live import CHAT, RESPONSES, LiveGateway, code_of, wait_until
from tests.service.proof.live import question as live_question

pytestmark = pytest.mark.whole

BIRD = "Kanarienvogel"
"""Looks like an identifier of ours: what hides only strange characters would let it pass."""
LOUD = ("asyncio", "httpcore", "httpx", "multipart", "PIL", "python_multipart", "sqlalchemy", "uvicorn")
SOON = 30.0


def marker(place: str) -> str:
    """What stands in one place."""
    return f"{BIRD}_{place}"


def picture() -> bytes:
    """A picture with a marker in its text, and in its pixels."""
    info = PngInfo()
    info.add_text("Comment", marker("picture"))
    spelled = (marker("pixels") * 1000).encode()[: 64 * 64 * 3]
    buffer = io.BytesIO()
    Image.frombytes("RGB", (64, 64), spelled).save(buffer, "PNG", pnginfo=info, compress_level=0)
    return buffer.getvalue()


def _shapes_of(word: str) -> set[str]:
    """How a word can look: as it is, in hex, and in base64 from each of three offsets."""
    shapes = {word.lower(), word.encode().hex()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + word.encode()).decode()
        shapes.add(encoded[(before * 8 + 5) // 6 : -4])
    return shapes


SHAPES = _shapes_of(BIRD)


def found_in(content: str) -> list[str]:
    """The lines that hold a marker."""
    return [line for line in content.splitlines() if any(shape in line or shape in line.lower() for shape in SHAPES)]


PICTURE = data_url(picture())
SCHEMA = {
    "type": "object",
    "properties": {marker("property"): {"type": "string", "description": marker("schema")}},
    "required": [marker("property")],
}
FORMAT = {"type": "json_schema", "json_schema": {"name": marker("schema_name"), "strict": True, "schema": SCHEMA}}


def asked(**fields: Any) -> dict[str, Any]:
    """A question with everything a question can hold."""
    body = question(marker("prompt"), {"url": PICTURE}, user=marker("user"), stop=[marker("stop")], **fields)
    body["messages"].insert(0, {"role": "system", "content": marker("system"), "name": marker("name")})
    return body


class CanaryEngine(ScriptedEngine):
    """Answers with markers; can also fail as nobody foresaw.

    Attributes:
        defect: "submit": raises on the request; "stream": sends what nobody expects after the first piece.
    """

    def __init__(self) -> None:
        super().__init__([marker("answer"), marker("end")])
        self.defect: str | None = None

    def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
        if self.defect == "submit":
            raise RuntimeError(f"{marker('defect')} {request.turns}")
        if self.defect == "stream":
            listener(Delta(marker("answer"), (1,)))
            listener(Delta(marker("answer"), (2,), index=7))  # there is no eighth answer
            return self
        return super().submit(request, listener)


@dataclass
class Aviary:
    """A service that is watched, its client, and what has left the service by other ways than answers."""

    gateway: Gateway
    engine: CanaryEngine
    server: Listening
    client: httpx.Client
    log: io.StringIO
    exporter: InMemorySpanExporter
    errors: list[str] = field(default_factory=list)

    def refused(self, response: httpx.Response, status: int, code: str) -> None:
        """Keep the text of an error that a client has read."""
        assert code_of(response) == (status, code)
        self.errors.append(response.text)
        self.errors.append(str(response.headers))

    def new_key(self, **key: Any) -> dict[str, str]:
        """The header with a fresh key."""
        _, text = self.gateway.keys.create(marker("key_name"), **{"limits": Limits(), **key})
        return {"Authorization": f"Bearer {text}"}

    def upload(self, data: bytes, purpose: str) -> httpx.Response:
        files = {"file": (f"{marker('file')}.bin", data, "application/octet-stream")}
        return self.client.post("/v1/files", data={"purpose": purpose}, files=files)

    def batch(self, *lines: str) -> dict[str, Any]:
        """A batch over these lines, once it has ended."""
        file_id = self.upload("\n".join(lines).encode(), "batch").json()["id"]
        metadata = {marker("metadata_key"): marker("metadata")}
        body = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h", "metadata": metadata}
        batch = self.client.post("/v1/batches", json=body).json()

        def ended() -> bool:
            batch.update(self.client.get(f"/v1/batches/{batch['id']}").json())
            return batch["status"] not in UNFINISHED

        wait_until(ended)
        return batch

    def check(self) -> None:
        """No marker anywhere. What was looked at is not empty."""
        metrics = self.client.get("/metrics").text
        tracing = self.gateway.watch.tracing
        assert tracing is not None
        tracing._provider.force_flush()
        spans = "\n".join(span.to_json() for span in self.exporter.get_finished_spans())
        log = self.log.getvalue()
        assert '"event": "request"' in log
        assert "kantu_requests_total" in metrics
        assert '"http.route"' in spans
        for name, content in {"log": log, "metrics": metrics, "spans": spans, "errors": "\n".join(self.errors)}.items():
            assert found_in(content) == [], name
            assert self.server.key not in content, name


@pytest.fixture
def aviary(make_gateway: Callable[..., Gateway]) -> Iterator[Aviary]:
    log, exporter, engine = io.StringIO(), InMemorySpanExporter(), CanaryEngine()
    settings = settings_with(
        server={"port": 0, "max_body_bytes": 2**20, "body_seconds": 1.0},
        fetch={"allowed_domains": ("pictures.example",)},
        watch={"log_level": "debug"},
    )
    gateway = make_gateway(engine, settings)
    gateway.watch.tracing = Tracing(exporter, version="1")
    with everything_logged(log), listening(gateway) as server:
        headers = {"Authorization": f"Bearer {server.key}", "User-Agent": marker("agent"), "Cookie": marker("cookie")}
        address = f"http://{server.host}:{server.port}"
        with httpx.Client(base_url=address, headers=headers, timeout=SOON, trust_env=False) as client:
            yield Aviary(gateway, engine, server, client, log, exporter)


@contextmanager
def everything_logged(stream: io.StringIO) -> Iterator[None]:
    """All loggers speak, those of libraries too, into `stream`."""
    restore = configure("debug", stream)
    levels = {name: logging.getLogger(name).level for name in ("", *LOUD)}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        restore()


def test_the_search_finds_what_it_is_to_find() -> None:
    for content in (marker("a"), marker("a").upper(), marker("a").encode().hex(), PICTURE):
        assert found_in(f"{{}}\nbefore {content} after"), content[:80]
    for before in range(4):
        assert found_in(base64.b64encode(b"x" * before + marker("a").encode()).decode())
    assert not found_in("kanari\nenvogel")


def test_answers(aviary: Aviary) -> None:
    for fields in (
        {},
        {"n": 2, "logprobs": True, "top_logprobs": 1},
        {"response_format": FORMAT},
        {"structured_outputs": {"regex": marker("regex")}},
        {"structured_outputs": {"choice": [marker("choice"), marker("other")]}},
        {"stream": True, "stream_options": {"include_usage": True}},
    ):
        response = aviary.client.post(CHAT, json=asked(**fields), headers={"x-request-id": "asked"})
        assert response.status_code == 200, response.text
        assert marker("answer") in response.text
    for fields in ({}, {"stream": True}):
        given = {"model": SCRIPTED, "input": marker("prompt"), "instructions": marker("system"), **fields}
        response = aviary.client.post(RESPONSES, json=given)
        assert response.status_code == 200, response.text
        assert marker("answer") in response.text
    assert marker("prompt") in str(aviary.engine.requests[0].turns)  # it did come so far
    assert aviary.client.post(f"{CHAT}?{marker('query')}={marker('value')}", json=asked()).status_code == 200
    aviary.check()


def test_messages(aviary: Aviary) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PICTURE.partition(",")[2]}
    elsewhere = {"type": "url", "url": f"https://a.example/{marker('path')}"}
    client = aviary.client

    def message(source: dict[str, str], **fields: Any) -> dict[str, Any]:
        content = [{"type": "image", "source": source}, {"type": "text", "text": marker("prompt")}]
        return {
            "model": SCRIPTED,
            "max_tokens": 9,
            "messages": [{"role": "user", "content": content}],
            "system": marker("system"),
            "stop_sequences": [marker("stop")],
            "metadata": {"user_id": marker("user")},
            **fields,
        }

    for stream in (False, True):
        response = client.post(MESSAGES, json=message(source, stream=stream))
        assert response.status_code == 200, response.text
        assert marker("answer") in response.text
        refused = client.post(MESSAGES, json=message(elsewhere, stream=stream))
        aviary.refused(refused, 400, "image_url_not_allowed")
    aviary.refused(client.post(MESSAGES, json=message(source, tools=[marker("tool")])), 400, "unknown_parameter")
    aviary.refused(client.post(f"{MESSAGES}/count_tokens", json=message(source)), 400, "unknown_parameter")
    with httpx.Client(base_url=client.base_url, trust_env=False) as stranger:
        wrong = stranger.post(MESSAGES, json=message(source), headers={"x-api-key": marker("key")})
    aviary.refused(wrong, 401, "invalid_api_key")


def test_decisions(aviary: Aviary) -> None:
    labels = [{"value": marker("choice"), "description": marker("description")}, {"value": marker("other")}]
    question = {"type": "choice", "name": marker("name"), "instructions": marker("prompt"), "choices": labels}
    shown = [user(shown_picture(picture()), {"type": "input_json", "data": {marker("key"): marker("value")}})]
    body = decision(question, given=shown, safety_identifier=marker("user"), prompt_cache_key=marker("salt"))
    answered = aviary.client.post(DECISIONS, json=body)
    assert answered.status_code == 200, answered.text
    assert marker("other") in answered.text
    assert marker("description") in str(aviary.engine.requests[0].turns)  # it did come so far
    for wrong, code in (
        ({"model": marker("model")}, "model_not_served"),
        ({"input": [{"role": marker("role"), "content": marker("content")}]}, "invalid_parameter"),
        ({"questions": [{**question, "choices": [*labels, labels[0]]}]}, "invalid_parameter"),
    ):
        response = aviary.client.post(DECISIONS, json=body | wrong)
        aviary.refused(response, 404 if code == "model_not_served" else 400, code)
    aviary.check()


def test_tasks(aviary: Aviary) -> None:
    body = {"model": SCRIPTED, "images": [PICTURE], "input": {"question": marker("prompt")}}
    answered = aviary.client.post("/v1/tasks/ask", json=body)
    assert answered.status_code == 200, answered.text
    assert answered.json()["result"].startswith(marker("answer"))
    for wrong, status, code in (
        ({"input": {marker("name"): marker("value")}}, 400, "task_variables"),
        ({"images": [marker("picture")]}, 400, "image_url_invalid"),
        ({"colour": marker("value")}, 400, "unknown_parameter"),
    ):
        aviary.refused(aviary.client.post("/v1/tasks/ask", json=body | wrong), status, code)
    aviary.refused(aviary.client.post(f"/v1/tasks/{marker('task')}", json=body), 404, "task_not_found")
    aviary.check()


def test_files_and_tokens(aviary: Aviary) -> None:
    uploaded = aviary.upload(picture(), "vision")
    assert marker("file") in uploaded.text
    file_id = uploaded.json()["id"]
    assert aviary.client.get(f"/v1/files/{file_id}/content").content == picture()
    assert marker("file") in aviary.client.get("/v1/files").text
    body = question(marker("prompt"), {"file_id": file_id})
    assert aviary.client.post(CHAT, json=body).status_code == 200
    assert aviary.client.post("/v1/tokenize", json=body).json()["visual_tokens"] == 4
    assert aviary.client.delete(f"/v1/files/{file_id}").status_code == 200
    aviary.check()


def line(custom_id: str, body: object) -> str:
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": CHAT, "body": body})


def test_batches(aviary: Aviary) -> None:
    damaged = {"url": data_url(marker("damaged").encode())}
    batch = aviary.batch(
        line(marker("id"), asked()),
        line(marker("refused"), asked(temperature=marker("number"))),
        line(marker("image"), question(marker("prompt"), damaged)),
    )
    assert batch["request_counts"] == {"total": 3, "completed": 1, "failed": 2}
    output = aviary.client.get(f"/v1/files/{batch['output_file_id']}/content").text
    assert marker("answer") in output
    for failed in aviary.client.get(f"/v1/files/{batch['error_file_id']}/content").text.splitlines():
        aviary.errors.append(json.dumps(json.loads(failed)["response"], ensure_ascii=False))
    aviary.refused(aviary.client.post(f"/v1/batches/{batch['id']}/cancel"), 409, "batch_not_cancellable")
    failed_batch = aviary.batch(line(marker("id"), marker("body")), marker("line"), line(marker("id"), asked()))
    assert failed_batch["status"] == "failed"
    aviary.errors.append(json.dumps(failed_batch["errors"], ensure_ascii=False))
    aviary.check()


BAD_REQUESTS: list[tuple[dict[str, Any], str]] = [
    (asked(temperature=marker("number")), "invalid_parameter"),
    (asked(response_format={"type": marker("type")}), "invalid_parameter"),
    (asked(**{f"{marker('field')} {marker('more')}": 1}), "invalid_body"),
    (asked(n=99), "invalid_parameter"),
    ({**asked(), "messages": marker("messages")}, "invalid_parameter"),
    ({**asked(), "messages": [{"role": marker("role"), "content": ""}]}, "invalid_parameter"),
    (asked(structured_outputs={"choice": [marker("choice")]}), "invalid_choices"),
    (asked(structured_outputs={"regex": marker("regex"), "json": SCHEMA}), "invalid_parameter"),
    (question(marker("prompt"), {"url": f"data:image/png;base64,{marker('base64')}!"}), "invalid_data_url"),
    (question(marker("prompt"), {"url": data_url(marker("damaged").encode())}), "image_unsupported_format"),
    (question(marker("prompt"), {"url": data_url(picture()[:200])}), "image_damaged"),
    (question(marker("prompt"), {"url": f"file:///{marker('path')}"}), "image_url_not_allowed"),
    (question(marker("prompt"), {"url": f"https://user:{marker('password')}@example.com/"}), "image_url_invalid"),
    (
        question(marker("prompt"), {"url": f"https://example.com/{marker('path')}?{marker('query')}"}),
        "image_url_not_allowed",
    ),
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_bad_requests(aviary: Aviary, language: str) -> None:
    aviary.client.headers["Accept-Language"] = language
    for body, code in BAD_REQUESTS:
        aviary.refused(aviary.client.post(CHAT, json=body), 400, code)
    raw = {"Content-Type": "application/json"}
    aviary.refused(aviary.client.post(CHAT, content=f'{{"{marker("json")}', headers=raw), 400, "invalid_json")
    aviary.refused(aviary.client.post(CHAT, content=f'["{marker("json")}"]', headers=raw), 400, "invalid_body")
    aviary.refused(aviary.client.get(f"/v1/files?limit={marker('limit')}"), 400, "invalid_parameter")
    aviary.refused(aviary.upload(marker("upload").encode(), "vision"), 400, "image_unsupported_format")
    aviary.refused(aviary.upload(b"", marker("purpose")), 400, "unsupported_purpose")
    broken = {"Content-Type": f"multipart/form-data; boundary={marker('boundary')}"}
    aviary.refused(
        aviary.client.post("/v1/files", content=marker("form").encode(), headers=broken), 400, "invalid_multipart"
    )
    deep = f'{{"{marker("deep")}":' * 100
    aviary.refused(aviary.client.post(CHAT, content=deep, headers=raw), 400, "json_too_deep")
    aviary.check()


@pytest.mark.parametrize("authorization", [f"Bearer {marker('key')}", f"Bearer kt-{BIRD * 4}"[:53], marker("scheme")])
def test_strange_keys(aviary: Aviary, authorization: str) -> None:
    headers = {"Authorization": authorization}
    response = aviary.client.post(CHAT, json=asked(), headers=headers)
    aviary.refused(response, 401, response.json()["error"]["code"])
    aviary.check()


def test_what_a_key_may_not(aviary: Aviary) -> None:
    scoped = aviary.new_key(endpoints=("models",), owner=marker("owner"))
    aviary.refused(aviary.client.post(CHAT, json=asked(), headers=scoped), 403, "endpoint_not_allowed")
    limited = aviary.new_key(limits=Limits(requests_per_minute=1, requests_per_day=1))
    assert aviary.client.post(CHAT, json=asked(), headers=limited).status_code == 200
    aviary.refused(aviary.client.post(CHAT, json=asked(), headers=limited), 429, "request_limit_exceeded")
    few = aviary.new_key(limits=Limits(visual_tokens_per_day=1))
    aviary.refused(aviary.client.post(CHAT, json=asked(), headers=few), 429, "visual_token_limit_exceeded")
    gone = aviary.new_key()
    aviary.gateway.keys.revoke(
        next(key.id for key in aviary.gateway.keys.list() if gone["Authorization"][7:14] in key.hint)
    )
    aviary.refused(aviary.client.post(CHAT, json=asked(), headers=gone), 401, "revoked_api_key")
    aviary.check()
    log = aviary.log.getvalue()
    assert not any(header["Authorization"][7:] in log for header in (scoped, limited, few, gone))


def test_what_is_not_there(aviary: Aviary) -> None:
    client = aviary.client
    aviary.refused(client.post(CHAT, json={**asked(), "model": marker("model")}), 404, "model_not_served")
    aviary.refused(client.get(f"/v1/models/{marker('model')}"), 404, "model_not_served")
    aviary.refused(client.get(f"/v1/files/{marker('file')}"), 404, "file_not_found")
    aviary.refused(client.get(f"/v1/batches/{marker('batch')}"), 404, "batch_not_found")
    aviary.refused(client.get(f"/{marker('path')}?{marker('query')}"), 404, "endpoint_not_found")
    *told, refusal, headers = aviary.errors
    path = f"/{marker('path')}"
    assert path in refusal  # the one thing that is told: to whoever asked, and without the query
    aviary.errors[:] = [*told, refusal.replace(path, ""), headers]
    aviary.refused(client.put(CHAT, content=marker("body")), 405, "method_not_allowed")
    aviary.refused(client.post("/v1/files", json={marker("body"): 1}), 415, "unsupported_media_type")
    aviary.check()


def test_too_much_and_too_slow(aviary: Aviary) -> None:
    large = asked() | {"user": marker("large") * 2**17}
    aviary.refused(aviary.client.post(CHAT, json=large), 413, "body_too_large")
    with socket.create_connection((aviary.server.host, aviary.server.port), SOON) as slow:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {aviary.server.key}\r\n"
        head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        slow.sendall(head.encode() + f'{{"{marker("slow")}'.encode())
        answer = slow.recv(65536).decode()
    assert " 408 " in answer
    aviary.errors.append(answer)
    for sent in (
        f"{marker('verb')} \x01 HTTP/1.1\r\n\r\n",
        f"GET /{marker('path')} HTTP/1.1\r\nX: {'a' * 70_000}\r\n\r\n",
    ):
        with socket.create_connection((aviary.server.host, aviary.server.port), SOON) as connection:
            connection.sendall(sent.encode())
            answer = connection.recv(65536).decode()
        assert answer.startswith("HTTP/1.1 4"), answer
        aviary.errors.append(answer)
    aviary.check()


def test_an_engine_that_fails(aviary: Aviary) -> None:
    engine, client = aviary.engine, aviary.client
    engine.refusal = OverloadedError("overloaded", "请稍后。", "Later.", retry_after_seconds=1.0)
    aviary.refused(client.post(CHAT, json=asked()), 503, "overloaded")
    engine.refusal = None
    for error, status in (
        (OutOfMemoryError("out_of_memory", "内存不足。", "Out of memory."), 413),
        (EngineError("engine_failed", "出错。", "Failed."), 500),
        (DeadlineExceededError("deadline_exceeded", "太久。", "Too long."), 504),
    ):
        engine.pieces = [error]
        aviary.refused(client.post(CHAT, json=asked()), status, error.code)
        aviary.refused(client.post(CHAT, json=asked(stream=True)), status, error.code)
    engine.pieces = [marker("answer"), EngineError("engine_failed", "出错。", "Failed.")]
    stream = client.post(CHAT, json=asked(stream=True)).text
    assert marker("answer") in stream
    assert "engine_failed" in stream
    aviary.errors.append(stream.partition("event: error")[2])
    aviary.check()


def test_a_defect_of_ours(aviary: Aviary) -> None:
    aviary.engine.defect = "submit"
    for fields in ({}, {"stream": True}):
        aviary.refused(aviary.client.post(CHAT, json=asked(**fields)), 500, "internal_error")
    aviary.engine.defect = "stream"
    aviary.refused(aviary.client.post(CHAT, json=asked()), 500, "internal_error")
    stream = aviary.client.post(CHAT, json=asked(stream=True)).text
    assert marker("answer") in stream
    error = stream.partition("event: error")[2]
    assert "internal_error" in error
    aviary.errors.append(error)
    aviary.check()
    log = aviary.log.getvalue()
    assert "RuntimeError" in log  # the defect itself can be found
    assert "IndexError" in log


def test_a_store_that_fails(aviary: Aviary) -> None:
    """The library's errors hold statements with their parameters."""
    with aviary.gateway.database.session() as session:
        session.execute(sql("ALTER TABLE files RENAME COLUMN filename TO gone"))
    response = aviary.upload(picture(), "vision")
    aviary.refused(response, response.status_code, response.json()["error"]["code"])
    assert response.status_code >= 500
    aviary.check()


def test_a_client_that_leaves(aviary: Aviary) -> None:
    aviary.engine.pieces = [marker("answer"), None]
    with aviary.client.stream("POST", CHAT, json=asked(stream=True)) as response:
        for chunk in response.iter_text():
            if marker("answer") in chunk:
                break
    wait_until(lambda: aviary.engine.cancelled == 1)
    aviary.engine.pieces = [None]
    with pytest.raises(httpx.ReadTimeout):
        aviary.client.post(CHAT, json=asked(), timeout=0.5)
    wait_until(lambda: aviary.engine.cancelled == 2)
    wait_until(lambda: aviary.log.getvalue().count('"client_closed"') == 2)
    aviary.check()


def test_the_whole_service_with_its_model(live: LiveGateway) -> None:
    """Both processes, as an operator sees them: what stands on standard error, and /metrics."""
    errors = []
    with live.client(None) as client:
        body = live_question(marker("prompt"), user=marker("user"))
        body["messages"][0]["content"] = [
            {"type": "image_url", "image_url": {"url": PICTURE}},
            {"type": "text", "text": marker("prompt")},
        ]
        for fields in ({}, {"stream": True}, {"structured_outputs": {"choice": [marker("choice"), marker("other")]}}):
            fields = {"max_tokens": 64, **fields}
            assert client.post(CHAT, json={**body, **fields}).status_code == 200
        for fields in (
            {"structured_outputs": {"regex": f"{marker('regex')}(?=a)"}},
            {"structured_outputs": {"json": {"$ref": marker("ref")}}},
            {"messages": [{"role": "user", "content": marker("long") * 20_000}]},
            {"messages": [{"role": "user", "content": marker("surrogate") + "\ud800"}]},
        ):
            response = client.post(
                CHAT, content=json.dumps({**body, **fields}), headers={"Content-Type": "application/json"}
            )
            assert response.status_code == 400, response.text
            errors.append(response.text)
        response = client.post(CHAT, json=body, headers={"Authorization": f"Bearer {marker('key')}"})
        assert response.status_code == 401
        errors.append(response.text)
        metrics = client.get("/metrics").text
    log = live.log.read_text(encoding="utf-8")
    assert '"event": "request"' in log
    for content in (log, metrics, "\n".join(errors)):
        assert found_in(content) == []
        assert live.key not in content
