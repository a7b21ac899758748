"""A pretended network: names as the test says, and every address answered by one local server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpcore

from kantu.service.fetch import ImageFetcher
from kantu.service.settings import FetchSettings

PUBLIC = "93.184.216.34"


class Names:
    """A resolver. `answers[host]` is the list of a name's addresses, or several such lists, one for each call.

    Attributes:
        asked: names looked up, in order.
    """

    def __init__(self, answers: Mapping[str, list[str] | list[list[str]]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._answers:
            raise OSError("Name or service not known: upstream-words")
        answer = self._answers[host]
        return answer[self.asked.count(host) - 1] if isinstance(answer[0], list) else answer  # type: ignore[return-value]


class Wire(httpcore.AsyncNetworkBackend):
    """Connects whatever is dialled to one port on loopback.

    Attributes:
        dialled: (address, port) of every attempt.
        dead: addresses that refuse.
    """

    def __init__(self, port: int, dead: Sequence[str] = ()) -> None:
        self._port = port
        self._network = httpcore.AnyIOBackend()
        self.dead = dead
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *rest: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        self.dialled.append((host, port))
        if host in self.dead:
            raise httpcore.ConnectError("refused: upstream-words")
        return await self._network.connect_tcp("127.0.0.1", self._port, *rest, **options)


def fetch(url: str, names: Any, wire: httpcore.AsyncNetworkBackend | None = None, **settings: Any) -> bytes:
    """One fetch; `example.com` and plain http are allowed unless the settings say otherwise."""
    chosen = FetchSettings(**{"allowed_domains": ("example.com",), "allow_http": True, **settings})

    async def run() -> bytes:
        fetcher = ImageFetcher(chosen, resolve=names, backend=wire)
        try:
            return await fetcher.fetch(url)
        finally:
            await fetcher.aclose()
            for _ in range(10):  # generators that were given up are closed on the loop's next turns
                await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}  # nothing of it is left running

    return asyncio.run(run())
