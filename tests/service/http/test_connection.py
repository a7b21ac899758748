"""uvicorn's connection with an end to its patience, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from kantu.service.http.connection import ImpatientProtocol

pytestmark = [pytest.mark.whole, pytest.mark.anyio]

GET = b"GET / HTTP/1.1\r\nHost: gateway\r\n"
POST = b"POST / HTTP/1.1\r\nHost: gateway\r\n"
LARGE = 8 * 2**20


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: uvicorn takes uvloop where it is installed."""
    return "asyncio", {"use_uvloop": request.param}


class Hasty(ImpatientProtocol):
    header_seconds = 0.2
    leave_seconds = 0.2


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, whatever is still to come: with as many bytes as the path says."""
    size = int(scope["path"].strip("/") or 2)
    headers = [(b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * size})


@asynccontextmanager
async def serving(protocol: type[ImpatientProtocol], app: ASGIApp = application) -> AsyncIterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=protocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = server.force_exit = True
        await task
        listener.close()


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()


def _no_signals() -> object:
    from contextlib import nullcontext

    return nullcontext()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection is closed or reset."""
    found = b""
    try:
        while data := await reader.read(2**16):
            found += data
    except ConnectionResetError:
        pass
    return found


async def answer(sent: bytes) -> tuple[int, str]:
    """(status, code of the error) of what is answered to `sent`."""
    async with serving(ImpatientProtocol) as address, connected(address) as (reader, writer):
        writer.write(sent)
        head, _, body = (await rest(reader)).partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HT", GET, GET + b"X: " + b"a" * 1000], ids=["nothing", "line", "one", "long"]
)
async def test_headers_that_do_not_come_end_the_connection(begun: bytes) -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        writer.write(begun)
        assert await rest(reader) == b""


async def test_headers_that_drip_do_not_buy_time() -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        writer.write(GET)
        ended = asyncio.create_task(rest(reader))
        while not ended.done():
            writer.write(b"X: a\r\n")
            await asyncio.sleep(0.05)
        assert ended.result() == b""


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"a" * 70_000 + b"\r\n\r\n", b"X: a\r\n" * 40_000 + b"\r\n", b"X: " + b"a" * 1_000_000],
    ids=["one large header", "many headers", "a header without end"],
)
async def test_more_than_64_kib_of_headers_are_refused(headers: bytes) -> None:
    assert await answer(GET + headers) == (431, "headers_too_large")


async def test_60_kib_of_headers_are_read_in_however_many_pieces() -> None:
    async with serving(ImpatientProtocol) as address, connected(address) as (reader, writer):
        writer.write(GET + b"Connection: close\r\nX: ")
        for _ in range(60):
            writer.write(b"a" * 1000)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"STEAL / HTTP/1.1\r\nHost: a\r\n\r\n",
        GET + b"X: a\r\n b\r\n\r\n",
        GET + b"X: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
    ],
    ids=["TLS", "HTTP/2", "an unknown method", "a folded header", "NUL in a header", "bare line feeds"],
)
async def test_what_is_not_http_is_refused_in_our_envelope(sent: bytes) -> None:
    assert await answer(sent) == (400, "invalid_http")


async def test_the_language_of_a_refusal_is_the_client_s_as_far_as_it_was_read() -> None:
    async with serving(ImpatientProtocol) as address, connected(address) as (reader, writer):
        writer.write(GET + b"Accept-Language: en\r\nX: a\x00b\r\n\r\n")
        assert b"not a valid HTTP/1.1 request" in await rest(reader)


async def test_a_request_whose_body_goes_on_after_its_answer_is_cut_off() -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Content-Length: 1000000\r\n\r\n")
        ended = asyncio.create_task(rest(reader))
        while not ended.done():  # each piece would keep the connection
            writer.write(b"x")
            await asyncio.sleep(0.02)
        assert ended.result().startswith(b"HTTP/1.1 200 ")


async def test_a_request_whose_body_ends_soon_after_its_answer_keeps_its_connection() -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Content-Length: 4\r\n\r\nab")
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\nxx")
        writer.write(b"cd")
        await asyncio.sleep(2 * Hasty.leave_seconds)
        writer.write(GET + b"Connection: close\r\n\r\n")
        assert b"200 OK" in await rest(reader)


async def test_an_answer_that_nobody_fetches_does_not_keep_a_closed_connection() -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % LARGE)
        await asyncio.sleep(3 * Hasty.leave_seconds)
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await rest(reader)) < LARGE


# HTTP/1.0


async def telling(scope: Scope, receive: Receive, send: Send) -> None:
    """An answer of unknown length, in three pieces."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for piece in (b"one ", b"two ", b"three"):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def exchange(sent: bytes, app: ASGIApp) -> tuple[bytes, bytes]:
    """(head, body) of what is answered to `sent` until the connection is closed."""
    async with serving(ImpatientProtocol, app) as address, connected(address) as (reader, writer):
        writer.write(sent)
        head, _, body = (await rest(reader)).partition(b"\r\n\r\n")
    return head.lower(), body


@pytest.mark.parametrize("headers", [b"", b"Connection: keep-alive\r\n", b"TE: chunked\r\n"])
async def test_an_answer_of_unknown_length_to_http_1_0_ends_with_the_connection(headers: bytes) -> None:
    head, body = await exchange(b"GET / HTTP/1.0\r\n" + headers + b"\r\n", telling)
    assert body == b"one two three"
    assert b"transfer-encoding" not in head
    assert b"\r\nconnection: close" in head


async def test_the_same_answer_to_http_1_1_is_chunked() -> None:
    head, body = await exchange(GET + b"Connection: close\r\n\r\n", telling)
    assert b"transfer-encoding: chunked" in head
    assert body == b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"


async def test_an_answer_of_known_length_tells_it_to_http_1_0_too() -> None:
    head, body = await exchange(b"GET /5 HTTP/1.0\r\n\r\n", application)
    assert (b"content-length: 5" in head, body) == (True, b"xxxxx")


async def test_a_head_of_http_1_0_has_no_body() -> None:
    assert (await exchange(b"HEAD / HTTP/1.0\r\n\r\n", telling))[1] == b""


async def test_http_1_0_is_not_told_to_continue() -> None:
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await telling(scope, receive, send)

    head, _ = await exchange(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na", reading)
    assert head.startswith(b"http/1.1 200 ")


# Half closed connections


class Curious(Hasty):
    header_seconds = 10.0
    probe_seconds = 0.02


class Slow:
    """Answers when it is told to; knows when its client has gone.

    Args:
        begin: send the status at once.
        content_type: of the answer, which is chunked.
    """

    def __init__(self, *, begin: bool = False, content_type: bytes = b"application/json") -> None:
        self.begin, self.content_type = begin, content_type
        self.asked, self.go, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message["more_body"]
        self.asked.set()
        watching = asyncio.create_task(self._watch(receive))
        start = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", self.content_type)]}
        if self.begin:
            await send(start)
            await send({"type": "http.response.body", "body": b"data: one\n\n", "more_body": True})
        going = asyncio.create_task(self.go.wait())
        await asyncio.wait([watching, going], return_when=asyncio.FIRST_COMPLETED)
        if not self.gone.is_set():
            if not self.begin:
                await send(start)
            await send({"type": "http.response.body", "body": b"done"})
        going.cancel()
        watching.cancel()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone.set()


def without_interim(received: bytes) -> bytes:
    return received.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")


WHOLE = POST + b"Content-Length: 2\r\n\r\nab"


@pytest.mark.parametrize("sent", [GET + b"\r\n", WHOLE, b"GET / HTTP/1.0\r\n\r\n"], ids=["get", "post", "1.0"])
async def test_a_client_that_closes_its_half_at_once_gets_its_answer(sent: bytes) -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        writer.write(sent)
        writer.write_eof()
        head, _, body = (await rest(reader)).partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"xx")


async def test_all_that_was_asked_before_is_answered() -> None:
    async with serving(Hasty) as address, connected(address) as (reader, writer):
        writer.write(GET.replace(b" / ", b" /3 ") + b"\r\n" + GET.replace(b" / ", b" /4 ") + b"\r\n")
        writer.write_eof()
        received = await rest(reader)
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.endswith(b"xxxx")


async def test_it_may_take_its_time_and_only_what_clients_skip_comes_before_it() -> None:
    app = Slow()
    async with serving(Curious, app) as address, connected(address) as (reader, writer):
        writer.write(WHOLE)
        writer.write_eof()
        await app.asked.wait()
        await asyncio.sleep(20 * Curious.probe_seconds)
        app.go.set()
        received = await rest(reader)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert without_interim(received).startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in received
    assert received.endswith(b"4\r\ndone\r\n0\r\n\r\n")
    assert not app.gone.is_set()


async def test_a_client_of_the_standard_library_reads_over_what_comes_before_it() -> None:
    app = Slow()
    async with serving(Curious, app) as address:

        def ask() -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(*address, timeout=30)
            connection.request("POST", "/", b"ab")
            connection.sock.shutdown(socket.SHUT_WR)
            response = connection.getresponse()
            try:
                return response.status, response.read()
            finally:
                connection.close()

        answered = asyncio.create_task(asyncio.to_thread(ask))
        await app.asked.wait()
        await asyncio.sleep(20 * Curious.probe_seconds)
        app.go.set()
        assert await answered == (200, b"done")


async def test_a_stream_of_events_goes_on_with_comments() -> None:
    app = Slow(begin=True, content_type=b"text/event-stream")
    async with serving(Curious, app) as address, connected(address) as (reader, writer):
        writer.write(WHOLE)
        writer.write_eof()
        await app.asked.wait()
        await asyncio.sleep(20 * Curious.probe_seconds)
        app.go.set()
        body = (await rest(reader)).partition(b"\r\n\r\n")[2]
    chunks = [chunk for chunk in body.split(b"\r\n") if chunk]
    events = b"".join(chunks[1::2]).replace(b":\n\n", b"")
    assert events == b"data: one\n\ndone"
    assert b"3\r\n:\n\n\r\n" in body


@pytest.mark.parametrize(
    "app",
    [lambda: Slow(), lambda: Slow(begin=True, content_type=b"text/event-stream")],
    ids=["nothing sent yet", "in the middle of a stream"],
)
async def test_a_client_that_has_closed_both_halves_is_noticed_while_nothing_is_ready(app: Callable[[], Slow]) -> None:
    slow = app()
    async with serving(Curious, slow) as address:
        async with connected(address) as (_, writer):
            writer.write(WHOLE)
            await slow.asked.wait()
        await asyncio.wait_for(slow.gone.wait(), 30)


async def test_a_client_that_closes_its_half_in_the_middle_of_its_request_is_gone() -> None:
    app = Slow()
    async with serving(Curious, app) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Content-Length: 4\r\n\r\nab")
        writer.write_eof()
        assert await rest(reader) == b""
    assert not app.asked.is_set()


async def test_a_half_closed_client_of_http_1_0_is_given_up_after_a_while() -> None:
    app = Slow()
    async with serving(Curious, app) as address, connected(address) as (reader, writer):
        writer.write(b"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab")
        writer.write_eof()
        assert await rest(reader) == b""
        await asyncio.wait_for(app.gone.wait(), 30)


async def test_a_half_closed_connection_with_nothing_asked_is_closed() -> None:
    async with serving(Curious) as address, connected(address) as (reader, writer):
        writer.write(GET + b"\r\n")
        await reader.readuntil(b"\r\n\r\nxx")
        writer.write_eof()
        assert await rest(reader) == b""
