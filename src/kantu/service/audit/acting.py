"""Who acts just now, known all the way down to the transaction that records it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from kantu.service.audit.event import ActorKind, AuditEvent, Result


@dataclass(frozen=True, slots=True)
class Acting:
    """Who, and from where. Fields are those of `AuditEvent`."""

    actor_id: str | None
    actor_kind: ActorKind
    role: str | None = None
    tenant: str | None = None
    address: str | None = None
    request_id: str | None = None


acting: ContextVar[Acting | None] = ContextVar("acting", default=None)
"""Set by `AuditMiddleware`. Commands and what the service does by itself have none: they are the system."""


def event(
    action: str,
    resource: str,
    target_id: str | None = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    result: Result = "ok",
) -> AuditEvent:
    """An event of whoever acts just now."""
    who = acting.get() or Acting(_account(), "system")
    return AuditEvent(
        who.actor_id,
        who.actor_kind,
        who.role,
        who.tenant,
        who.address,
        action,
        resource,
        target_id,
        before,
        after,
        result,
        who.request_id,
    )


def _account() -> str | None:
    """The account that this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers without a name
        return None
