"""Which leases nobody renews any more, as one observer sees it: no two clocks are compared, and none can be set."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease at one moment. Its holder adds to `beats` whenever it renews it."""

    batch_id: str
    owner: str
    beats: int


class Silence:
    """Remembers since when each lease has not changed. Of one observer.

    Args:
        seconds: how long a holder may be silent.
        clock: seconds, never going back.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._since: dict[Lease, float] = {}
        self._looked_at = clock()

    def broken(self, leases: Collection[Lease]) -> list[Lease]:
        """Those of all leases of others that have not been renewed for too long.

        Who has not looked for so long itself begins anew: the database may have been away, for the holders, too.
        """
        now = self._clock()
        if now - self._looked_at > self._seconds:
            self._since = {}
        self._looked_at = now
        self._since = {lease: self._since.get(lease, now) for lease in leases}
        return [lease for lease, since in self._since.items() if now - since >= self._seconds]
