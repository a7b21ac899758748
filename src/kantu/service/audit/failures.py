"""What a command has begun and could not do is recorded, too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from kantu.errors import KantuError, StoreError
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database

_log = logging.getLogger(__name__)


@contextmanager
def failures_recorded(
    database: Database, log: AuditLog | None, action: str, resource: str, target_id: str | None = None
) -> Iterator[None]:
    """Around a command's work, which records by itself what it does: where it fails, that is recorded, and it fails.

    Args:
        log: None has no chain to record in.
    """
    try:
        yield
    except Exception as failure:
        if log is not None:
            code = failure.code if isinstance(failure, KantuError) else "internal_error"
            failed = event(action, resource, target_id, after={"code": code}, result="failed")
            _record(database, log, failed)
        raise


def _record(database: Database, log: AuditLog, failed: AuditEvent) -> None:
    try:
        database.urgently(lambda session: log.record(session, failed))
    except StoreError as failure:  # as often as not the very reason why the command has failed
        _log.error("a failure was not recorded", extra={"code": failure.code})
