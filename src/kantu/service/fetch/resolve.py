"""Names to addresses."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

# (host, port) -> all its addresses as text; raises OSError where there are none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class SystemResolver:
    """The operating system's resolver, on threads of its own: a slow name server must not hold up other work."""

    def __init__(self, threads: int = 8) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="kantu-resolve")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a host, IPv4 and IPv6, in the system's order of preference.

        Raises:
            OSError: the name is unknown or cannot be looked up.
        """
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)
        return tuple(found)

    def close(self) -> None:
        """Drop waiting look-ups; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    return [str(where[0]) for *_, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
