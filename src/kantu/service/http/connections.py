"""Who holds how many connections, and whose idle one goes when there are too many."""

from __future__ import annotations

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Literal

from kantu.service.http.addresses import Networks, client_of

_log = logging.getLogger(__name__)

_TELL_SECONDS = 60.0
_MOST_CLOSING = 64  # connections that were told to go, and have not gone yet

Reason = Literal["address", "all", "descriptors"]


class Held:
    """One accepted connection. It counts as idle until a request has come, and again when it is answered.

    Attributes:
        close: ends it; set by whoever has it in hand.
    """

    def __init__(self, connections: Connections, client: str) -> None:
        self._connections, self._client = connections, client
        self._ended = False
        self.close: Callable[[], object] = lambda: None

    def busy(self) -> None:
        """A request has come."""
        self._connections._be_idle(self, self._client, False)

    def idle(self) -> None:
        """All that was asked is answered."""
        self._connections._be_idle(self, self._client, True)

    def end(self) -> None:
        """It is gone. Once or more often."""
        if not self._ended:
            self._ended = True
            self._connections._end(self, self._client)


class Connections:
    """Counts the connections of one listener, in all and by client. Used on the event loop only.

    Where a client (`addresses.client_of`) has as many as it may, its oldest idle one is closed for a new one. Where
    there are as many as there may be in all, the oldest idle one of whoever has most idle ones is.

    Args:
        most: at once.
        most_of_one: of one client at once.
        shared: addresses that stand for many clients, such as a proxy's; only `most` bounds theirs.
        clock: seconds that never go back.

    Attributes:
        refused: how many were, by reason.
    """

    def __init__(
        self,
        most: int,
        most_of_one: int,
        shared: Networks | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_of_one, self._shared, self._clock = most, most_of_one, shared or Networks(), clock
        self._held_by: Counter[str] = Counter()
        self._idle_of: dict[str, OrderedDict[Held, None]] = {}  # the longest idle first
        self._closing: set[Held] = set()
        self._count = 0
        self.refused: Counter[str] = Counter()
        self._told_at: float | None = None
        self._told: dict[str, int] = {}

    @property
    def count(self) -> int:
        """Connections that are open, those included that are being closed."""
        return self._count + len(self._closing)

    def admit(self, address: str) -> Held | None:
        """Count a new connection in, making room for it where there is none; None where all others are busy."""
        client = client_of(address)
        if (
            self._held_by[client] >= self._most_of_one
            and address not in self._shared
            and not self._close_idle_of(client)
        ):
            self.refuse("address")
            return None
        if (self._count >= self._most and not self.close_idle()) or self.count >= self._most + _MOST_CLOSING:
            self.refuse("all")
            return None
        held = Held(self, client)
        self._held_by[client] += 1
        self._count += 1
        self._be_idle(held, client, True)
        return held

    def close_idle(self) -> bool:
        """Close the oldest idle connection of the client with most of them; whether there was one."""
        client = max(self._idle_of, key=lambda client: len(self._idle_of[client]), default=None)
        return client is not None and self._close_idle_of(client)

    def refuse(self, reason: Reason) -> None:
        """Note that a connection was turned away. Said in the log once a minute at most."""
        self.refused[reason] += 1
        now = self._clock()
        if self._told_at is None or now - self._told_at >= _TELL_SECONDS:
            for why, count in self.refused.items():
                if count > self._told.get(why, 0):
                    _log.warning(
                        "connections refused",
                        extra={"reason": why, "count": count - self._told.get(why, 0), "state": self._count},
                    )
            self._told_at, self._told = now, dict(self.refused)

    def _close_idle_of(self, client: str) -> bool:
        idle = self._idle_of.get(client)
        if not idle:
            return False
        held = next(iter(idle))
        self._leave(held, client)
        self._closing.add(held)
        held.close()
        return True

    def _be_idle(self, held: Held, client: str, idle: bool) -> None:
        if held in self._closing:
            return
        if idle:
            self._idle_of.setdefault(client, OrderedDict())[held] = None
        elif client in self._idle_of:
            self._idle_of[client].pop(held, None)
            if not self._idle_of[client]:
                del self._idle_of[client]

    def _leave(self, held: Held, client: str) -> None:
        self._be_idle(held, client, False)
        self._count -= 1
        self._held_by[client] -= 1
        if not self._held_by[client]:
            del self._held_by[client]

    def _end(self, held: Held, client: str) -> None:
        if held in self._closing:
            self._closing.discard(held)
        else:
            self._leave(held, client)
