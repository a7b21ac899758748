"""What an attacker's connection does, seen from the other side."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

import pytest

from kantu.bench.attacks import wire
from kantu.bench.attacks.attack import Act, Seen
from tests.bench.attacks.server import Serve, reply, serving

REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
SHORT_SECONDS = 0.3


def done(act: Act, serve: Serve, seconds: float = 5.0, request: bytes = REQUEST) -> Seen:
    """One act against one server."""

    async def one() -> Seen:
        seen: Seen = Counter()
        async with serving(serve) as target:
            await act(target, request, asyncio.get_running_loop().time() + seconds, seen)
        return seen

    return asyncio.run(one())


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{}", b"", "200"),
        (b'HTTP/1.1 429 X\r\n\r\n{"error":{"code": "rate_limited"}}', b"", "429 rate_limited"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nwhat", b"", "400"),
        (
            b"HTTP/1.1 200 OK\r\n\r\ndata: {}",
            b'event: error\ndata: {"error":{"code":"engine_crashed"}}',
            "200 engine_crashed",
        ),
        (b'HTTP/1.1 200 OK\r\n\r\n{"code": "an answer"}', b"", "200"),
        (b"", b"", "closed"),
    ],
)
def test_an_outcome_is_the_status_and_the_code_of_an_error(first: bytes, last: bytes, words: str) -> None:
    assert wire.outcome(first, last) == words


def test_asking_sends_all_and_reads_all() -> None:
    got = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        got = await reader.readexactly(len(REQUEST))
        writer.write(reply(200, b"x" * 10**6))

    assert done(wire.ask, serve) == {"200": 1}
    assert got == REQUEST


def test_a_refusal_is_seen_though_the_body_was_not_all_sent() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(413, b'{"error":{"code":"body_too_large"}}'))
        await writer.drain()
        writer.close()

    assert done(wire.ask, serve, request=REQUEST + b"x" * 2**24) == {"413 body_too_large": 1}


@pytest.mark.parametrize(("act", "sent"), [(wire.hold, REQUEST[:-1]), (wire.idle, b"")])
def test_what_is_held_is_held_to_the_end(act: Act, sent: bytes) -> None:
    got = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        while data := await reader.read(2**16):
            got += data

    assert done(act, serve, SHORT_SECONDS) == {"held": 1}
    assert got == sent


def test_what_the_gateway_says_ends_the_holding() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(408, b""))

    assert done(wire.hold, serve) == {"408": 1}


def test_dripping_sends_the_head_at_once_and_the_body_byte_by_byte() -> None:
    pieces: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            pieces.append(data)

    assert done(wire.drip, serve, SHORT_SECONDS) == {"held": 1}
    assert b"".join(pieces).startswith(REQUEST[:-4])
    assert len(b"".join(pieces)) < len(REQUEST)


def test_half_closing_ends_the_sending_and_still_reads() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read(-1) == REQUEST  # to the end that the client has sent
        writer.write(reply(200, b"{}"))

    assert done(wire.half_close, serve) == {"200": 1}


def test_leaving_drops_the_connection_after_the_first_bytes() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(REQUEST))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(ConnectionError):  # dropped, not closed in order
            assert await reader.read(1) == b""
        gone.set()

    assert done(wire.leave, serve) == {"200 left": 1}
    assert gone.is_set()


def test_keeping_asking_uses_one_connection() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            await reader.readexactly(len(REQUEST))
            writer.write(reply(401, b'{"error":{"code":"invalid_api_key"}}'))

    with pytest.raises(asyncio.IncompleteReadError):
        done(wire.keep_asking, serve)
    assert connections == 1
