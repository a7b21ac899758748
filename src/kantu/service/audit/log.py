"""Adds events to the chain, in the transaction of what they record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.audit import repository
from kantu.service.audit.event import VERSION, AuditEvent, Entry, canonical, of_the_chain, storable
from kantu.service.audit.head import Head, Link, is_sealed, sealed
from kantu.service.audit.keys import Algorithm, AuditKeys

_TOLERATED_MS = 1000  # by which the clocks of several machines differ, and by which clocks are corrected


class AuditLog:
    """The chain's writer. Has no state of its own: used from any thread, on any database, by any number of processes.

    Args:
        clock: seconds since 1970, of the wall: when something happened is a time of day.
    """

    def __init__(
        self, keys: AuditKeys, algorithm: Algorithm = "hmac-sha256", clock: Callable[[], float] = time.time
    ) -> None:
        self.keys, self.algorithm, self._clock = keys, algorithm, clock

    def record(self, session: Session, event: AuditEvent) -> None:
        """Add an event, which is there if the transaction commits, and not if it does not.

        The last thing that a transaction does: from here on all others that record something wait for it.

        Raises:
            StoreError: `audit_chain_broken`, `audit_key_wrong`: nothing can be added, so nothing must be done.
        """
        self.record_all(session, [event])

    def record_all(self, session: Session, events: Sequence[AuditEvent]) -> None:
        """Add events in this order; as `record`."""
        head = repository.read_head(session, lock=True)
        self.check(head)
        now_ms = int(self._clock() * 1000)
        if now_ms < head.recorded_ms - _TOLERATED_MS:
            events = [_clock_moved_back(head.recorded_ms, now_ms), *events]
        else:
            now_ms = max(now_ms, head.recorded_ms)
        entries: list[Entry] = []
        last = head.last
        for event in events:
            entry = self._signed(event, last, now_ms)
            last = Link(entry.sequence, entry.mac)
            entries.append(entry)
        repository.append(session, entries)
        repository.write_head(session, self.seal(replace(head, last=last, recorded_ms=now_ms)))

    def check(self, head: Head) -> None:
        """Whether the chain ends as this log, or another one with the same keys, has left it.

        Raises:
            StoreError: `audit_chain_broken`, `audit_key_wrong`.
        """
        if is_sealed(head, self.keys):
            return
        raise error("audit_chain_broken" if head.key_id in self.keys.ids else "audit_key_wrong")

    def seal(self, head: Head) -> Head:
        """The head with the seal that it must have."""
        return sealed(head, self.keys, self.algorithm)

    def _signed(self, event: AuditEvent, last: Link, now_ms: int) -> Entry:
        unsigned = Entry(
            version=VERSION,
            sequence=last.sequence + 1,
            recorded_ms=now_ms,
            algorithm=self.algorithm,
            key_id=self.keys.current_id,
            previous=last.mac,
            mac=b"",
            **storable(event),
        )
        return replace(unsigned, mac=self.keys.sign(canonical(unsigned), self.algorithm))


def _clock_moved_back(from_ms: int, to_ms: int) -> AuditEvent:
    """Whoever has moved the clock."""
    return of_the_chain("move_back", "clock", before={"recorded_ms": from_ms}, after={"recorded_ms": to_ms})
