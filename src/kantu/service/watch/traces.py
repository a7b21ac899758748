"""OpenTelemetry spans, with the attributes of the GenAI semantic conventions and nothing of the content.

Only where an endpoint is configured: else nothing of OpenTelemetry's SDK is imported. The provider belongs to the
application and is never made the process's own, so that no library adds spans or attributes of its own to ours. The
web framework's own tracing is off (app.py): it sends query strings and what exceptions say.

Conventions: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ and .../http/http-spans/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"})
_EXPORT_SECONDS = 5
_FLUSH_MILLISECONDS = 3000


class Tracing:
    """Makes spans and sends them. Safe to use from several threads.

    Args:
        exporter: where finished spans go, in the background.
    """

    def __init__(self, exporter: SpanExporter, *, version: str) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource.create({"service.name": "kantu", "service.version": version})
        self._provider: TracerProvider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("kantu", version)

    @classmethod
    def to_endpoint(cls, endpoint: str, *, version: str) -> Tracing:
        """Send to a collector over OTLP/HTTP.

        Args:
            endpoint: with or without the path `/v1/traces`.
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        url = endpoint.rstrip("/")
        url = url if url.endswith("/v1/traces") else f"{url}/v1/traces"
        return cls(OTLPSpanExporter(endpoint=url, timeout=_EXPORT_SECONDS), version=version)

    @contextmanager
    def server_span(self, method: str, traceparent: str | None) -> Iterator[Span]:
        """The span of an HTTP request, current inside; its name, route and outcome are told by `end_server_span`.

        Args:
            traceparent: the header of W3C Trace Context, which decides the trace and whether it is sampled. Its
                companions `tracestate` and `baggage` may hold anything, and are not read.
        """
        from opentelemetry.trace import SpanKind, use_span
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {} if traceparent is None else {"traceparent": traceparent}
        span = self._tracer.start_span(
            _method(method), TraceContextTextMapPropagator().extract(carrier), kind=SpanKind.SERVER
        )
        # Exceptions are never recorded: their texts may quote the request.
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            yield span

    def start_chat_span(self, model: str) -> Span:
        """The span of one answer, a child of the current one; ended by `end`."""
        from opentelemetry.trace import SpanKind

        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "kantu",
            "gen_ai.request.model": model,
            "gen_ai.output.type": "text",
        }
        return self._tracer.start_span(f"chat {model}", kind=SpanKind.INTERNAL, attributes=attributes)

    def close(self) -> None:
        """Send what is left, within a few seconds, and stop. Blocks."""
        self._provider.force_flush(_FLUSH_MILLISECONDS)
        self._provider.shutdown()


def end_server_span(
    span: Span, method: str, endpoint: str, status: int, error_code: str | None, request_id: str | None
) -> None:
    """Tell a request's outcome; `server_span` ends the span."""
    span.update_name(f"{_method(method)} {endpoint}")
    attributes: dict[str, str | int] = {
        "http.request.method": _method(method),
        "http.route": endpoint,
        "http.response.status_code": status,
    }
    if request_id is not None:
        attributes["kantu.request_id"] = request_id
    span.set_attributes(attributes)
    if error_code is not None:
        span.set_attribute("error.type", error_code)
        if status >= 500:
            _set_error(span, error_code)


def end_chat_span(span: Span, attributes: Mapping[str, str | int | float | Sequence[str]]) -> None:
    """End the span of an answer that is complete."""
    span.set_attributes(attributes)
    span.end()


def fail_chat_span(span: Span, error_code: str) -> None:
    """End the span of an answer that was not completed."""
    span.set_attribute("error.type", error_code)
    _set_error(span, error_code)
    span.end()


def _set_error(span: Span, error_code: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR, error_code))


def _method(method: str) -> str:
    """A client may send any word as its method."""
    return method if method in _METHODS else "_OTHER"
