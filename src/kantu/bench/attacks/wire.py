"""What an attacker's connection does with the bytes of a request. Nothing here knows HTTP better than it must."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from kantu.bench.attacks.attack import Seen, Target

_CHUNK = 2**16
_KEPT = 4096  # bytes of an answer's beginning and of its end that are looked at
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_CODE = re.compile(rb'"code": ?"(\w+)"')
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@asynccontextmanager
async def connection(target: Target) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection from the attacker's address, dropped at the end whatever is under way."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", target.port, local_addr=(target.source, 0), limit=_CHUNK
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def ask(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send it and read the answer to its end."""
    seen[(await exchange(target, request))[0]] += 1


async def exchange(target: Target, request: bytes) -> tuple[str, bytes]:
    """The outcome of one request on a connection of its own, and the beginning of the answer."""
    try:
        async with connection(target) as (reader, writer), _meanwhile(_send(writer, request)):
            first, last = await _read(reader)
    except OSError as error:
        return type(error).__name__, b""
    return outcome(first, last), first


async def hold(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send all but the last byte, and wait for what the gateway does about it."""
    async with connection(target) as (reader, writer), _meanwhile(_send(writer, request[:-1])):
        await _wait(reader, until, seen)


async def drip(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send a byte every half second."""
    async with connection(target) as (reader, writer), _meanwhile(_drip(writer, request)):
        await _wait(reader, until, seen)


async def idle(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Say nothing."""
    async with connection(target) as (reader, _):
        await _wait(reader, until, seen)


async def knock(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Connect, and leave at once."""
    async with connection(target):
        seen["connected"] += 1


async def read_slowly(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send it whole, and read a few bytes of the answer every second."""
    async with connection(target) as (reader, writer):
        await _send(writer, request)
        first = b""
        while asyncio.get_running_loop().time() < until:
            got = await reader.read(64)
            if not got:
                break
            first = (first + got)[:_KEPT]
            await asyncio.sleep(1)
        seen[outcome(first, b"")] += 1


async def leave(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send it whole, wait for the first bytes of the answer, and drop the connection."""
    async with connection(target) as (reader, writer):
        await _send(writer, request)
        with suppress(TimeoutError):
            seen[outcome(await asyncio.wait_for(reader.read(_KEPT), 0.3), b"") + " left"] += 1
            return
        seen["left"] += 1


async def half_close(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send it whole, say that nothing more will come, and read the answer (RFC 9112, 9.6)."""
    async with connection(target) as (reader, writer):
        await _send(writer, request)
        writer.write_eof()
        seen[outcome(*await _read(reader))] += 1


async def keep_asking(target: Target, request: bytes, until: float, seen: Seen) -> None:
    """Send it again and again on one connection, each as soon as the last is answered, 100 a second at most."""
    async with connection(target) as (reader, writer):
        while asyncio.get_running_loop().time() < until:
            await _send(writer, request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            seen[outcome(head + body, b"")] += 1
            await asyncio.sleep(0.01)


def outcome(first: bytes, last: bytes) -> str:
    """The status, and the error's code: "503 engine_crashed", or "200 engine_crashed" for a stream that failed later.

    "closed" where nothing was said.
    """
    status = _STATUS.match(first)
    if status is None:
        return "closed"
    ended_badly = b"event: error" in last
    code = _CODE.search(last if ended_badly else first) if ended_badly or status[1] >= b"400" else None
    return status[1].decode() + (f" {code[1].decode()}" if code else "")


@asynccontextmanager
async def _meanwhile(sending: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Send beside what is done here, and stop with it. That the gateway closes is no failure: it is what is watched."""
    task = asyncio.ensure_future(sending)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _wait(reader: asyncio.StreamReader, until: float, seen: Seen) -> None:
    """Until the gateway says or does something, or the time is over."""
    try:
        async with asyncio.timeout_at(until):
            seen[outcome(*await _read(reader))] += 1
    except TimeoutError:
        seen["held"] += 1


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The first and the last bytes of everything until the connection ends."""
    first = last = b""
    try:
        while got := await reader.read(_CHUNK):
            if len(first) < _KEPT:
                first += got
            last = (last + got)[-_KEPT:]
    except ConnectionError:  # closed while we were still sending; what had come by then is the answer
        pass
    return first, last


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """In pieces: a refusal must be seen before all is sent."""
    view = memoryview(data)
    for start in range(0, len(view), _CHUNK):
        writer.write(view[start : start + _CHUNK])
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    head, separator, body = data.partition(b"\r\n\r\n")
    first, rest = (head + separator, body) if body else (b"", data)
    writer.write(first)
    for byte in rest:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)
