"""A server that does what a test tells it, to be attacked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kantu.bench.attacks.attack import Target

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[Target]:
    """A target whose every connection is `serve`'s."""

    connections: set[asyncio.Task[None]] = set()

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.ensure_future(each(reader, writer)))

    server = await asyncio.start_server(start, "127.0.0.1", 0)
    try:
        yield target(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        if connections:
            await asyncio.wait(connections, timeout=5)  # it sees that the client is gone
        for connection in connections:
            connection.cancel()


def target(port: int = 1) -> Target:
    """With a key of each name that an attack may use."""
    return Target(port, "127.0.0.1", "m", {"attacker": "kt-one.", "second": "kt-two.", "limited": "kt-three."}, 0)


def reply(status: int, body: bytes, reason: str = "X") -> bytes:
    """An answer with its length."""
    return f"HTTP/1.1 {status} {reason}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
