"""Whether the service takes new requests, and how many are under way."""

from __future__ import annotations

import asyncio

from kantu.errors import error


class Lifecycle:
    """Belongs to one application; used on its event loop only.

    Attributes:
        draining: new requests are refused, those under way are finished.
        in_flight: requests to the API under way.
    """

    def __init__(self) -> None:
        self.draining = False
        self.in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def enter(self) -> None:
        """Count a request in; pair with `leave`.

        Raises:
            NotReadyError: `draining`.
        """
        if self.draining:
            raise error("draining")
        self.in_flight += 1
        self._idle.clear()

    def leave(self) -> None:
        """Count a request out."""
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    async def drained(self) -> None:
        """Wait until nothing is under way."""
        await self._idle.wait()
