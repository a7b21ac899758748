"""Accepts connections: counts each from its first moment, and answers those for which there is no room.

The loop's own server would begin TLS with whoever comes and count nothing; without descriptors left, uvloop's resets
every new connection and asyncio's stops for a second at a time.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from kantu.errors import error
from kantu.service.http.connections import Connections, Held
from kantu.service.http.refusal import refusal

_log = logging.getLogger(__name__)

_AT_ONCE = 32  # in one turn of the loop
_HANDSHAKE_SECONDS = 10.0
_SHUTDOWN_SECONDS = 5.0  # of TLS
_MOST_BEING_REFUSED = 64  # more than that are closed without waiting for them to read why
_REFUSAL_SECONDS = 1.0
_PAUSE_SECONDS = 0.1
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Of one listening socket. uvicorn closes it as it does an `asyncio.Server`.

    Args:
        make_protocol: for each connection that is let in; it says when the connection is busy, idle and gone.
        tls: None serves without.
    """

    def __init__(
        self,
        listener: socket.socket,
        connections: Connections,
        make_protocol: Callable[[Held], asyncio.Protocol],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener, self._connections, self._make_protocol = listener, connections, make_protocol
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._being_refused = 0
        self._pause: asyncio.TimerHandle | None = None
        self._spare = _spare()
        listener.setblocking(False)
        self._loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept no more, and let go of those that are not through their handshake."""
        if self._pause is None:
            self._loop.remove_reader(self._listener)
        else:
            self._pause.cancel()
        for task in self._tasks:
            task.cancel()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    async def wait_closed(self) -> None:
        """Return once nothing of it is left."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, address = self._listener.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._exhausted()
                    return
                if isinstance(error, BlockingIOError):
                    return
                continue  # that one client has gone again
            connection.setblocking(False)
            held = self._connections.admit(address[0])
            task = self._loop.create_task(self._refuse(connection) if held is None else self._serve(connection, held))
            if held is not None:
                held.close = task.cancel  # until the protocol takes over
            self._tasks.add(task)
            task.add_done_callback(partial(self._done, connection, held))

    def _done(self, connection: socket.socket, held: Held | None, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step sees nothing of it, so what it holds is let go of here."""
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is not None:
            connection.close()
            if held is not None:
                held.end()
            # without a handshake, or gone before its end, is an OSError; ssl's errors and timeouts are too
            if not task.cancelled() and not isinstance(error, OSError):
                _log.error("a connection could not be served", exc_info=error)

    async def _serve(self, connection: socket.socket, held: Held) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._handed_over(connection, self._make_protocol(held), _HANDSHAKE_SECONDS, _SHUTDOWN_SECONDS)

    async def _refuse(self, connection: socket.socket) -> None:
        """Say why. Closed at once, with a request still unread, the answer would be lost to a reset."""
        if self._being_refused >= _MOST_BEING_REFUSED:
            if self._tls is None:
                with suppress(OSError):
                    connection.send(refusal(error("too_many_connections")))
            connection.close()
            return
        self._being_refused += 1
        protocol = _Refusal()
        try:
            async with asyncio.timeout(_REFUSAL_SECONDS):
                await self._handed_over(connection, protocol, _REFUSAL_SECONDS, _REFUSAL_SECONDS)
                await protocol.closed
        finally:
            protocol.abort()
            self._being_refused -= 1

    def _handed_over(
        self, connection: socket.socket, protocol: asyncio.Protocol, handshake_seconds: float, shutdown_seconds: float
    ) -> Awaitable[object]:
        if self._tls is None:
            return self._loop.connect_accepted_socket(lambda: protocol, connection)
        return self._loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=self._tls,
            ssl_handshake_timeout=handshake_seconds,
            ssl_shutdown_timeout=shutdown_seconds,
        )

    def _exhausted(self) -> None:
        """No descriptor is left: take one from an idle connection, or turn the next away with the spare one."""
        if not self._connections.close_idle():
            self._connections.refuse("descriptors")
            if self._spare is not None:
                os.close(self._spare)
                with suppress(OSError):
                    connection, _ = self._listener.accept()
                    with connection:
                        if self._tls is None:
                            connection.send(refusal(error("too_many_connections")))
            self._spare = _spare()
        self._loop.remove_reader(self._listener)  # it would be called again at once
        self._pause = self._loop.call_later(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._accept)


class _Refusal(asyncio.Protocol):
    """Tells a client that there is no room for it, and reads what it sends until it has heard."""

    def __init__(self) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(refusal(error("too_many_connections")))
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    def abort(self) -> None:
        """End it, if it has not ended."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def _spare() -> int | None:
    try:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
