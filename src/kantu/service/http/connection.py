"""uvicorn's HTTP connection, with an end to its patience, and our error envelope where no application was reached.

A client that has sent everything may close its half of the connection (TCP's FIN) and wait for the answer. Only when
something is written to it shows whether it is still there: one that has closed all of it answers with a reset. So while
such an answer is being made, something that clients skip is written now and then (`_probe`).

It rests on insides of uvicorn 0.54, as `server.py` does; tests/service/http/test_uvicorn.py fails when they change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kantu.errors import KantuError, error
from kantu.service.http.connections import Held
from kantu.service.http.refusal import refusal
from kantu.service.language import language_of

_MOST_HEADER_BYTES = 64 * 1024
_EVICT_SECONDS = 2.0  # for what is still on its way to a client whose connection is closed to make room
_MOST_PROBE_SECONDS = 4.0
_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"  # any number may come before an answer (RFC 9110, section 15.2)
_EVENT_COMMENT = b"3\r\n:\n\n\r\n"  # as a chunk of its own, between two events


class ImpatientProtocol(HttpToolsProtocol):
    """Closes connections that uvicorn would wait for without end, and refuses headers of more than 64 KiB.

    Attributes:
        header_seconds: in which a request's headers must arrive.
        leave_seconds: in which, after the answer, the client must have sent the rest of its request; and after a
            connection is closed, have read what was still on its way to it.
        probe_seconds: after which a client that has closed its half is asked for the first time whether it is there;
            a client of HTTP/1.0, which cannot be asked, gets its answer within `leave_seconds` or none.
        held: this connection's place among all of its listener; None where nobody counts.
    """

    header_seconds = 10.0
    leave_seconds = 30.0
    probe_seconds = 0.25
    held: Held | None = None

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._header_timer: asyncio.TimerHandle | None = None
        self._leave_timer: asyncio.TimerHandle | None = None
        self._probe_timer: asyncio.TimerHandle | None = None
        self._in_turn: RequestResponseCycle  # whose answer comes next
        self._streams_events = False
        self._header_bytes = 0  # of what the parser has told
        self._unparsed_bytes = 0  # of what it has not
        self._in_message = False
        self._is_last_message = False  # an answer has ended the connection; only the rest of its request still comes
        self._lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.held is not None:
            self.held.close = self._evict
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._headers_are_there()
        for timer in (self._leave_timer, self._probe_timer):
            if timer is not None:
                timer.cancel()
        if self.held is not None:
            self.held.end()
        super().connection_lost(exc)

    # --- headers

    def data_received(self, data: bytes) -> None:
        waiting = self._header_timer is not None
        super().data_received(data)
        if waiting and self._header_timer is not None:  # the parser tells of a header only when it has ended
            self._unparsed_bytes += len(data)
            if self._unparsed_bytes > 2 * _MOST_HEADER_BYTES:
                self._refuse(error("headers_too_large", most=_MOST_HEADER_BYTES // 1024))

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
        if self.held is not None:
            self.held.busy()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP, or more of it than is read."""
        self._refuse(
            error("headers_too_large", most=_MOST_HEADER_BYTES // 1024)
            if self._header_bytes > _MOST_HEADER_BYTES
            else error("invalid_http")
        )

    def _refuse(self, error: KantuError) -> None:
        given = dict(self.headers or ()).get(b"accept-language", b"")
        self.transport.write(refusal(error, language_of(given.decode("latin-1"))))
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

    # --- half closed

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection while a whole request waits for its answer. TLS has no halves here: asyncio ends both."""
        if self._in_message or self.cycle is None or self.cycle.response_complete or self.scheme == "https":
            return None
        self.cycle.keep_alive = False  # the newest: those before it in the pipeline are answered first
        if self._probe_timer is None:
            self._probe_timer = self.loop.call_later(self.probe_seconds, self._probe, self.probe_seconds)
        return True

    def _probe(self, seconds: float) -> None:
        """Write something that the client skips, where that is possible; a client that has gone resets the connection.

        An answer without chunks that has begun is being written anyway.
        """
        cycle = self._in_turn
        if cycle.scope["http_version"] == "1.0" and not cycle.response_started:
            self._probe_timer = self.loop.call_later(self.leave_seconds, self.transport.abort)
            return
        if not self.flow.write_paused:
            if not cycle.response_started:
                self.transport.write(_INTERIM)
            elif self._streams_events and cycle.chunked_encoding and not cycle.response_complete:
                self.transport.write(_EVENT_COMMENT)
        following = min(2 * seconds, _MOST_PROBE_SECONDS)
        self._probe_timer = self.loop.call_later(following, self._probe, following)

    # --- making room

    def _evict(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.close()
            self.loop.call_later(_EVICT_SECONDS, self.transport.abort)
        else:
            self.transport.abort()  # at once: over TLS, closing waits for the client

    def on_response_complete(self) -> None:
        """Another request may be waiting in the pipeline, and is begun here."""
        more = bool(self.pipeline)
        super().on_response_complete()
        if self.held is not None and not more:
            self.held.idle()

    # --- leaving

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()
        if self._is_last_message:
            self.transport.close()

    def end(self) -> None:
        """Close the connection behind an answer, if its request has all come.

        Of a socket that is closed with bytes in it the client gets a reset, which may destroy the answer before it is
        read. So what is left of a refused request is taken and thrown away, for `leave_seconds` at most.
        """
        if not self._in_message:
            self.transport.close()
            return
        self._is_last_message = True
        if self.transport.can_write_eof():  # TLS has no halves
            self.transport.write_eof()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_leave()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._in_turn, self._streams_events = cycle, False
        cycle.transport = cast(asyncio.Transport, _Lingering(self.transport, self.end))

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                answer = _close_delimited(cycle) if scope["http_version"] == "1.0" else send
                await app(scope, receive, self._noting_events(answer))
            finally:
                self._expect_leave()

        super()._start_asgi_task(cycle, watched)  # type: ignore[arg-type]

    def _noting_events(self, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                types = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
                self._streams_events = any(value.startswith(b"text/event-stream") for value in types)
            await send(message)

        return noting

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


class _Lingering:
    """A transport that somebody else knows how to close."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport, self.close = transport, close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


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
