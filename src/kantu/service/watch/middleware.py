"""Counts, times, traces and logs every HTTP request, until the last byte of its answer has been handed over."""

from __future__ import annotations

import contextlib
import logging
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.service.watch.labels import CLIENT_CLOSED, INTERNAL_ERROR, OK, endpoint_label
from kantu.service.watch.traces import end_server_span
from kantu.service.watch.watch import Notes, Watch, notes_of_request

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_log = logging.getLogger("kantu.access")

_API = "/v1/"
_QUIET = frozenset({"/health", "/healthz", "/readyz", "/metrics", "page"})
_CLIENT_CLOSED_STATUS = 499
_REJECTED = (429, 503)


class WatchMiddleware:
    """Pure ASGI: nothing is buffered, and what the application does to its scope stays visible.

    From `scope["state"]` it takes `request_id`, `key_id`, `error_code`, where the application leaves them.

    Args:
        log_clients: write their addresses, as `http/forwarded.py` knows them, into the log.
    """

    def __init__(self, app: ASGIApp, watch: Watch, *, log_clients: bool = False) -> None:
        self._app, self._watch, self._log_clients = app, watch, log_clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope.setdefault("state", {})
        exchange = _Exchange(receive, send)
        notes = Notes()
        token = notes_of_request.set(notes)
        with self._span(scope) as span:
            try:
                await self._app(scope, exchange.receive, exchange.send)
            except BaseException:
                if not exchange.client_closed:
                    scope["state"].setdefault("error_code", INTERNAL_ERROR)
                raise
            finally:
                notes_of_request.reset(token)
                self._end(scope, exchange, notes, time.perf_counter() - started, span)

    def _span(self, scope: Scope) -> AbstractContextManager[Span | None]:
        if self._watch.tracing is None or not scope["path"].startswith(_API):
            return contextlib.nullcontext()
        return self._watch.tracing.server_span(scope["method"], _header(scope, b"traceparent"))

    def _end(self, scope: Scope, exchange: _Exchange, notes: Notes, seconds: float, span: Span | None) -> None:
        state, metrics = scope["state"], self._watch.metrics
        route = scope.get("route")
        endpoint = endpoint_label(getattr(route, "path", None), scope["path"])
        model = self._watch.model_label(None) if notes.model is None else notes.model
        code, status = _outcome(exchange, state.get("error_code") or notes.code)
        code = self._watch.code_label(code)
        metrics.requests.labels(model, endpoint, code, str(status)).inc()
        metrics.request_seconds.labels(model, endpoint).observe(seconds)
        if status in _REJECTED and scope["path"].startswith(_API):  # /readyz says 503 to whoever asks for it
            metrics.rejected.labels(code).inc()
        request_id = state.get("request_id")
        if span is not None:
            end_server_span(span, scope["method"], endpoint, status, None if code == OK else code, request_id)
        fields: dict[str, Any] = {
            "method": scope["method"],
            "endpoint": endpoint,
            "status": status,
            "code": code,
            "seconds": round(seconds, 4),
            "model": model,
            "key_id": state.get("key_id"),
            "request_id": request_id,
        }
        if self._log_clients and scope.get("client"):
            fields["client"] = scope["client"][0]
        _log.log(logging.DEBUG if endpoint in _QUIET else logging.INFO, "request", extra=fields)


class _Exchange:
    """Looks at the messages that pass, and changes none."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.status: int | None = None
        self.complete = False
        self.client_closed = False

    async def receive(self) -> Message:
        message = await self._receive()
        # After a complete answer it only says that the exchange is over.
        if message["type"] == "http.disconnect" and not self.complete:
            self.client_closed = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        try:
            await self._send(message)
        except OSError:  # what a server raises where the client is gone (ASGI 2.4)
            self.client_closed = True
            raise
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.complete = True


def _outcome(exchange: _Exchange, code: str | None) -> tuple[str, int]:
    """(code, status) of an exchange; `code` is of the error that the application told, if any."""
    if exchange.client_closed and not exchange.complete:
        return CLIENT_CLOSED, _CLIENT_CLOSED_STATUS if exchange.status is None else exchange.status
    status = 500 if exchange.status is None else exchange.status
    if code is not None:
        return code, status
    return (OK if status < 400 else f"http_{status}"), status


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)
