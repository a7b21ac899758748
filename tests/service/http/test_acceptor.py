"""Accepting connections, over real sockets: who is let in, who is told why not, and what is left when nothing is."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kantu.service.http import acceptor
from kantu.service.http.acceptor import Acceptor
from kantu.service.http.connections import Connections, Held
from tests.service.fetch.certificates import Authority

pytestmark = pytest.mark.anyio


class Echo(asyncio.Protocol):
    """Says what it hears; is busy while it has heard something that does not end with a full stop."""

    def __init__(self, held: Held, open_ones: set[Echo]) -> None:
        self.held, self.open_ones = held, open_ones

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.held.close = transport.close
        self.open_ones.add(self)

    def data_received(self, data: bytes) -> None:
        self.held.busy()
        self.transport.write(data)
        if data.endswith(b"."):
            self.held.idle()

    def connection_lost(self, exc: Exception | None) -> None:
        self.held.end()
        self.open_ones.discard(self)


@asynccontextmanager
async def accepting(
    connections: Connections,
    tls: ssl.SSLContext | None = None,
    wrapped: Callable[[socket.socket], Any] = lambda listener: listener,
) -> AsyncIterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: set[Echo] = set()
    accepts = Acceptor(wrapped(listener), connections, lambda held: Echo(held, open_ones), tls)
    try:
        yield listener.getsockname()
    finally:
        accepts.close()
        await accepts.wait_closed()
        for one in open_ones:
            one.transport.abort()
        while open_ones:
            await asyncio.sleep(0.01)
        listener.close()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Clients:
    """Opens connections, and closes all of them at the end of a test."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []

    async def silent(self, address: tuple[str, int], **options: Any) -> Streams:
        """A connection on which nothing is said."""
        reader, writer = await asyncio.open_connection(*address, **options)
        self.writers.append(writer)
        return reader, writer

    async def heard(self, address: tuple[str, int], said: bytes = b"hello.", **options: Any) -> Streams:
        """A connection on which `said` was said and came back."""
        reader, writer = await self.silent(address, **options)
        writer.write(said)
        assert await reader.readexactly(len(said)) == said
        return reader, writer

    async def close(self) -> None:
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in self.writers), return_exceptions=True)


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    opened = Clients()
    yield opened
    await opened.close()


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: uvicorn takes uvloop where it is installed."""
    return "asyncio", {"use_uvloop": request.param}


async def answer(reader: asyncio.StreamReader) -> tuple[int, str, dict[str, str]]:
    """(status, code, headers) of all that comes until the end of the connection."""
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split(" ")[1]), json.loads(body)["error"]["code"], headers


async def ended(streams: Streams) -> bool:
    """Whether a connection has been closed by the other side."""
    try:
        return await asyncio.wait_for(streams[0].read(), 10) == b""
    except ConnectionResetError:
        return True


async def test_the_oldest_idle_connection_of_an_address_makes_room_for_its_next_one(clients: Clients) -> None:
    async with accepting(Connections(10, 2)) as address:
        first, second, third = [await clients.heard(address) for _ in range(3)]
        assert await ended(first)
        for reader, writer in (second, third):
            writer.write(b"still here.")
            assert await reader.readexactly(11) == b"still here."


async def test_where_all_are_busy_the_next_one_is_told_and_others_are_let_in(clients: Clients) -> None:
    connections = Connections(10, 2)
    async with accepting(connections) as address:
        busy = [await clients.heard(address, said=b"wait") for _ in range(2)]
        reader, writer = await clients.silent(address)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        status, code, headers = await answer(reader)
        assert (status, code) == (503, "too_many_connections")
        assert (headers["connection"], headers["Retry-After"]) == ("close", "1")
        writer.close()
        await clients.heard(address, local_addr=("127.0.0.2", 0))
        assert connections.refused == {"address": 1}
        busy[0][1].write(b".")
        await busy[0][0].readexactly(1)
        await clients.heard(address)


async def test_a_refusal_is_heard_even_by_a_client_that_sends_much(clients: Clients) -> None:
    """Closed with something unread, the connection would be reset and the answer lost."""
    async with accepting(Connections(1, 1)) as address:
        await clients.heard(address, said=b"wait")
        for _ in range(20):
            reader, writer = await clients.silent(address)
            writer.write(b"x" * 100_000)
            assert (await answer(reader))[:2] == (503, "too_many_connections")
            writer.close()


async def test_clients_that_stay_after_their_refusal_hold_little(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "_MOST_BEING_REFUSED", 4)
    connections = Connections(1, 1)
    async with accepting(connections) as address:
        await clients.heard(address, said=b"wait")
        silent = [await clients.silent(address) for _ in range(30)]
        for reader, _ in silent:
            assert (await answer(reader))[0] == 503
        assert connections.count == 1


async def test_a_handshake_that_is_not_made_counts_as_an_idle_connection(clients: Clients, tmp_path: Path) -> None:
    tls = Authority(tmp_path).context("localhost")
    connections = Connections(10, 3)
    async with accepting(connections, tls) as address:
        silent = [await clients.silent(address) for _ in range(3)]
        while connections.count < 3:
            await asyncio.sleep(0.01)
        trusting = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        reader, writer = await clients.silent(address, ssl=trusting, server_hostname="localhost")
        writer.write(b"hello.")
        assert await reader.readexactly(6) == b"hello."
        assert await ended(silent[0])
        writer.close()


async def test_over_tls_a_refusal_is_told_too(clients: Clients, tmp_path: Path) -> None:
    tls = Authority(tmp_path).context("localhost")
    trusting = ssl.create_default_context(cafile=tmp_path / "authority.pem")
    async with accepting(Connections(1, 1), tls) as address:
        first = await clients.silent(address, ssl=trusting, server_hostname="localhost")
        first[1].write(b"wait")
        await first[0].readexactly(4)
        reader, _ = await clients.silent(address, ssl=trusting, server_hostname="localhost")
        assert (await answer(reader))[:2] == (503, "too_many_connections")


class Exhausted:
    """A listener for whom no descriptor is left, `times` times."""

    def __init__(self, listener: socket.socket, times: int) -> None:
        self.listener, self.times, self.tried = listener, times, 0

    def fileno(self) -> int:
        return self.listener.fileno()

    def setblocking(self, flag: bool) -> None:
        self.listener.setblocking(flag)

    def accept(self) -> object:
        self.tried += 1
        if self.times > 0:
            self.times -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return self.listener.accept()


@asynccontextmanager
async def exhausted(
    connections: Connections, clients: Clients, times: int
) -> AsyncIterator[tuple[tuple[str, int], Exhausted]]:
    """One idle connection is there already."""
    doubles: list[Exhausted] = []

    def wrapped(listener: socket.socket) -> Exhausted:
        doubles.append(Exhausted(listener, 0))
        return doubles[0]

    async with accepting(connections, wrapped=wrapped) as address:
        await clients.heard(address)
        doubles[0].times = times
        yield address, doubles[0]


async def test_without_descriptors_an_idle_connection_goes_and_the_new_one_is_served(clients: Clients) -> None:
    connections = Connections(10, 10)
    async with exhausted(connections, clients, times=1) as (address, _):
        await clients.heard(address)
        assert connections.refused == {}
        assert connections.count == 1


async def test_without_descriptors_and_idle_connections_the_new_one_is_told_and_it_is_counted(clients: Clients) -> None:
    connections = Connections(10, 10)
    async with exhausted(connections, clients, times=0) as (address, double):
        connections.close_idle()
        double.times = 1
        reader, _ = await clients.silent(address)
        assert (await answer(reader))[:2] == (503, "too_many_connections")
        assert connections.refused == {"descriptors": 1}
        await clients.heard(address)


async def test_without_descriptors_it_does_not_spin(clients: Clients) -> None:
    connections = Connections(10, 10)
    async with exhausted(connections, clients, times=10**9) as (address, double):
        before = double.tried
        waiting = await clients.silent(address)
        await asyncio.sleep(0.5)
        assert double.tried - before <= 12  # twice for each pause of a tenth of a second
        double.times = 0
        waiting[1].write(b"at last.")
        assert await waiting[0].readexactly(8) == b"at last."
