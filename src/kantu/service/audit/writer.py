"""Writes what was asked and answered, many events in one transaction: requests do not wait for the disk."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

from kantu.errors import StoreError, error
from kantu.service.audit.event import AuditEvent, of_the_chain
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database

WhenUnwritable = Literal["refuse", "serve"]

_log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_MOST_AT_ONCE = 500
_GATHER_SECONDS = 0.2  # what a killed process may lose
_RETRY_SECONDS = 1.0
_CLOSE_SECONDS = 5.0


class AuditWriter:
    """A thread with a bounded queue. What management does is not written here but in its own transaction.

    While nothing can be written, events wait; what no longer fits is lost, counted, and the loss itself is recorded.

    Args:
        when_unwritable: whether requests are then refused (`check`) or served.
        lets_wait: whether the disk has too little room for what can wait: what deletes and revokes comes first.
    """

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        *,
        when_unwritable: WhenUnwritable = "serve",
        lets_wait: Callable[[], bool] = lambda: False,
        most_waiting: int = _MOST_WAITING,
        gather_seconds: float = _GATHER_SECONDS,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._database, self._audit_log = database, log
        self._when_unwritable, self._most_waiting = when_unwritable, most_waiting
        self._lets_wait = lets_wait
        self._gather_seconds, self._retry_seconds = gather_seconds, retry_seconds
        self._waiting: deque[AuditEvent] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._failing = False
        self._lost = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write what is put."""
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Whether a request may be answered that will have to be recorded.

        Raises:
            StoreError: `audit_unavailable`, where the settings say so.
        """
        if self._when_unwritable == "refuse" and (self._failing or len(self._waiting) >= self._most_waiting):
            raise error("audit_unavailable")

    def put(self, event: AuditEvent) -> None:
        """Have an event written soon. Never waits."""
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                self._lost += 1
                return
            self._waiting.append(event)
            self._changed.notify_all()

    @property
    def lost(self) -> int:
        """Events that did not fit and whose loss has not been recorded yet."""
        return self._lost

    def flush(self, seconds: float = _CLOSE_SECONDS) -> bool:
        """Wait until all that was put is written; whether it is. Blocks."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def close(self) -> None:
        """Write what is left, for some seconds at most. Blocks."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)
        if self._waiting:
            _log.error("audit events were lost", extra={"count": len(self._waiting)})

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing.is_set())
                if not self._waiting:
                    return
            self._closing.wait(self._gather_seconds)
            if not self._write_some() and self._closing.wait(self._retry_seconds):
                return  # the store is away, and the service ends

    def _write_some(self) -> bool:
        with self._changed:
            events = [self._waiting[place] for place in range(min(len(self._waiting), _MOST_AT_ONCE))]
            lost = self._lost
        recorded = [*events, _events_lost(lost)] if lost else events
        try:
            if self._lets_wait():
                raise error("store_full")
            with self._database.session() as session:
                self._audit_log.record_all(session, recorded)
        except StoreError as failure:
            self._fails(failure.code)
            return False
        except Exception as failure:  # a thread that dies would say nothing
            _log.error("audit events cannot be written", exc_info=failure)
            self._fails("internal_error")
            return False
        with self._changed:
            for _ in events:
                self._waiting.popleft()
            self._lost -= lost
            self._failing = False
            self._changed.notify_all()
        return True

    def _fails(self, code: str) -> None:
        if not self._failing:
            _log.error("audit events cannot be written", extra={"code": code})
        self._failing = True


def _events_lost(count: int) -> AuditEvent:
    return of_the_chain("lose", "audit", after={"count": count}, result="failed")
