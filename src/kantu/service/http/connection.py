"""uvicorn's HTTP connection, with an end to its patience, and our error envelope where no application was reached."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kantu.errors import InvalidRequestError, KantuError
from kantu.service.errors import envelope, status_of
from kantu.service.language import language_of

_MOST_HEADER_BYTES = 64 * 1024


class ImpatientProtocol(HttpToolsProtocol):
    """Closes connections that uvicorn would wait for without end, and refuses headers of more than 64 KiB.

    Attributes:
        header_seconds: in which a request's headers must arrive.
        leave_seconds: in which, after the answer, the client must have sent the rest of its request; and after a
            connection is closed, have read what was still on its way to it.
    """

    header_seconds = 10.0
    leave_seconds = 30.0

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._header_timer: asyncio.TimerHandle | None = None
        self._leave_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0  # of what the parser has told
        self._unparsed_bytes = 0  # of what it has not
        self._in_message = False
        self._lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._headers_are_there()
        if self._leave_timer is not None:
            self._leave_timer.cancel()
        super().connection_lost(exc)

    # --- headers

    def data_received(self, data: bytes) -> None:
        waiting = self._header_timer is not None
        super().data_received(data)
        if waiting and self._header_timer is not None:  # the parser tells of a header only when it has ended
            self._unparsed_bytes += len(data)
            if self._unparsed_bytes > 2 * _MOST_HEADER_BYTES:
                self._refuse(_headers_too_large())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        self._expect_headers()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + len(": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._headers_are_there()
        self._in_message = True
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP, or more of it than is read."""
        self._refuse(_headers_too_large() if self._header_bytes > _MOST_HEADER_BYTES else _invalid_http())

    def _refuse(self, error: KantuError) -> None:
        given = dict(self.headers or ()).get(b"accept-language", b"")
        body = json.dumps(envelope(error, language_of(given.decode("latin-1"))), ensure_ascii=False).encode()
        status = HTTPStatus(status_of(error))
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()
        self._expect_leave()

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise ValueError("headers")  # the parser stops, and `send_400_response` is called

    def _expect_headers(self) -> None:
        if self._header_timer is None:
            self._unparsed_bytes = 0
            self._header_timer = self.loop.call_later(self.header_seconds, self._give_up)

    def _headers_are_there(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _give_up(self) -> None:
        self._header_timer = None
        self.transport.abort()

    # --- leaving

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_leave()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, _close_delimited(cycle) if scope["http_version"] == "1.0" else send)
            finally:
                self._expect_leave()

        super()._start_asgi_task(cycle, watched)  # type: ignore[arg-type]

    def _expect_leave(self) -> None:
        if self._leave_timer is not None:
            self._leave_timer.cancel()
        if not self._lost:
            self._leave_timer = self.loop.call_later(self.leave_seconds, self._see_off)

    def _see_off(self) -> None:
        self._leave_timer = None
        unread = self._in_message and self.cycle.response_complete
        if unread or self.transport.is_closing():
            self.transport.abort()


def _close_delimited(cycle: RequestResponseCycle) -> Send:
    """`cycle.send` for HTTP/1.0, which knows no chunks: an answer of unknown length ends where the connection does.

    (RFC 9112, section 6.3, rule 8, and section 7.1.) uvicorn closes the connection after every answer to HTTP/1.0.
    """
    delimited = True
    cycle.waiting_for_100_continue = False  # nor does HTTP/1.0 know that

    async def send(message: Message) -> None:
        nonlocal delimited
        if message["type"] == "http.response.start":
            delimited = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if not delimited:
                cycle.chunked_encoding = False
        elif not delimited:
            cycle.expected_content_length = len(message.get("body", b""))  # else it would be too long
        await cycle.send(message)  # type: ignore[arg-type]

    return send


def _invalid_http() -> InvalidRequestError:
    return InvalidRequestError("invalid_http", "不是有效的 HTTP/1.1 请求。", "This is not a valid HTTP/1.1 request.")


def _headers_too_large() -> InvalidRequestError:
    most = _MOST_HEADER_BYTES // 1024
    return InvalidRequestError(
        "headers_too_large",
        f"请求头太大，最多 {most} KiB。",
        f"The request's headers are too large, at most {most} KiB.",
    )
