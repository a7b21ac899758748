"""Connecting to what was vetted."""

from __future__ import annotations

from collections.abc import Iterable

import httpcore


class VettedBackend(httpcore.AsyncNetworkBackend):
    """Connects to vetted addresses, the first that answers, whatever host it is asked for."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, addresses: tuple[str, ...]) -> None:
        self._backend = backend
        self._addresses = addresses

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError
