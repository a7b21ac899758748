"""Spans with the GenAI conventions' attributes, sent where an endpoint says, and nothing of the content."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.testclient import TestClient

from kantu.engine.metrics import Stats
from kantu.engine.request import Timings, Usage
from kantu.errors import EngineError, InvalidRequestError
from kantu.service.errors import install
from kantu.service.http.request_id import RequestIdMiddleware
from kantu.service.watch import Sources, Watch, WatchMiddleware
from kantu.service.watch.traces import Tracing

pytestmark = pytest.mark.whole

CHAT = "/v1/chat/completions"
CANARY = "身份证110101199003077578"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def application(watch: Watch) -> FastAPI:
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False})

    @app.post(CHAT)
    async def chat(fail: str = "") -> None:
        with watch.started("chat", "m") as request:
            if fail == "ours":
                raise EngineError("engine_failed", CANARY, CANARY)
            if fail == "theirs":
                raise RuntimeError(CANARY)
            if fail == "client":
                raise InvalidRequestError("invalid_parameter", CANARY, CANARY)
            request.pictures([], 0, 0.01)
            request.finished(Usage(220, 196, 12, 20), Timings(0.02, 0.05, 0.2, 0.03, 0.6), ["stop", "length"])

    install(app)
    app.add_middleware(WatchMiddleware, watch=watch)
    app.add_middleware(RequestIdMiddleware)
    watch.attach(Sources(models={"m": Stats}, ready=lambda: True))
    return app


def spans_of(headers: dict[str, str] | None = None, path: str = CHAT, **parameters: str) -> list[ReadableSpan]:
    """The finished spans of one request, the inner one first."""
    exporter = InMemorySpanExporter()
    watch = Watch(tracing=Tracing(exporter, version="1"))
    client = TestClient(application(watch), raise_server_exceptions=False)
    client.post(path, params=parameters, headers=headers)
    watch.tracing._provider.force_flush()  # type: ignore[union-attr]
    spans = list(exporter.get_finished_spans())
    watch.close()
    return spans


def test_an_answer_has_the_attributes_of_the_genai_conventions() -> None:
    chat, _ = spans_of()
    assert chat.name == "chat m"
    assert dict(chat.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "kantu",
        "gen_ai.request.model": "m",
        "gen_ai.output.type": "text",
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ("stop", "length"),
        "gen_ai.usage.input_tokens": 220,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.usage.cache_read.input_tokens": 20,
        "kantu.pictures": 0,
        "kantu.pictures_seconds": 0.01,
        "kantu.visual_tokens": 196,
        "kantu.ttft_seconds": 0.2,
        "kantu.tpot_seconds": 0.03,
        "kantu.preprocess_seconds": 0.02,
    }
    assert chat.status.status_code is StatusCode.UNSET


def test_the_request_is_its_parent() -> None:
    chat, request = spans_of({"x-request-id": "mine"})
    assert (request.name, request.kind) == (f"POST {CHAT}", SpanKind.SERVER)
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": CHAT,
        "http.response.status_code": 200,
        "kantu.request_id": "mine",
    }
    assert chat.parent is not None
    assert chat.parent.span_id == request.context.span_id
    assert request.parent is None


def test_a_traceparent_is_taken_up() -> None:
    chat, request = spans_of({"traceparent": PARENT, "tracestate": f"a={CANARY.encode().hex()}", "baggage": "a=b"})
    assert f"{request.context.trace_id:032x}" == f"{chat.context.trace_id:032x}" == TRACE
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert not request.context.trace_state


def test_a_actor_that_does_not_sample_is_followed() -> None:
    assert spans_of({"traceparent": PARENT[:-2] + "00"}) == []


@pytest.mark.parametrize("broken", ["", "00-zz-00-01", "x" * 1000, "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_broken_traceparent_begins_a_new_trace(broken: str) -> None:
    _, request = spans_of({"traceparent": broken})
    assert request.parent is None


@pytest.mark.parametrize(
    ("fail", "code", "status"), [("ours", "engine_failed", 500), ("theirs", "internal_error", 500)]
)
def test_failures_are_told_by_code(fail: str, code: str, status: int) -> None:
    chat, request = spans_of(fail=fail)
    for span in (chat, request):
        assert (span.attributes or {})["error.type"] == code
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == code
        assert span.events == ()  # no recorded exception
    assert (request.attributes or {})["http.response.status_code"] == status


def test_a_client_s_mistake_is_no_error_of_the_server() -> None:
    _, request = spans_of(fail="client")
    assert (request.attributes or {})["error.type"] == "invalid_parameter"
    assert request.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize("fail", ["", "ours", "theirs", "client"])
def test_nothing_of_the_content_is_in_a_span(fail: str) -> None:
    for span in spans_of({"user-agent": "geheim"}, fail=fail, query="geheim"):
        told = span.to_json(indent=None)
        assert "geheim" not in told
        assert CANARY not in told.encode().decode("unicode_escape", "replace")
        assert CANARY not in told


class Collector(HTTPServer):
    """Takes what an OTLP exporter posts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["", "/", "/v1/traces"])
def test_spans_reach_a_collector_over_http(collector: Collector, path: str) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_port}{path}"
    watch = Watch(tracing=Tracing.to_endpoint(endpoint, version="1"))
    TestClient(application(watch)).post(CHAT)
    watch.close()
    ((posted, request),) = collector.received
    assert posted == "/v1/traces"
    (of_resource,) = request.resource_spans
    assert "kantu" in {attribute.value.string_value for attribute in of_resource.resource.attributes}
    assert {span.name for scope in of_resource.scope_spans for span in scope.spans} == {f"POST {CHAT}", "chat m"}


def test_a_collector_that_is_gone_stops_nothing() -> None:
    watch = Watch(tracing=Tracing.to_endpoint("http://127.0.0.1:9", version="1"))
    assert TestClient(application(watch)).post(CHAT).status_code == 200
    watch.close()


def test_without_an_endpoint_nothing_of_the_sdk_is_imported() -> None:
    program = (
        "import sys; from kantu.service.watch import Watch; import kantu.service.watch.traces;"
        "request = Watch().started('chat', 'm'); request.failed('x');"
        "assert not [name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_an_endpoint_there_are_no_spans() -> None:
    watch = Watch()
    assert TestClient(application(watch)).post(CHAT, headers={"traceparent": PARENT}).status_code == 200
    assert watch.tracing is None
