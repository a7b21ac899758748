"""Who acts just now, known all the way down to the transaction that records it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from kantu.service.actor import Actor
from kantu.service.audit.event import ActorKind, AuditEvent, Result


@dataclass(frozen=True, slots=True)
class Acting:
    """Who, and from where. Fields are those of `AuditEvent`.

    Attributes:
        claimed_id: of the person that somebody says to be who has not shown it: a refusal tells it.
    """

    actor_id: str | None
    actor_kind: ActorKind
    role: str | None = None
    tenant: str | None = None
    address: str | None = None
    request_id: str | None = None
    session_id: str | None = None
    claimed_id: str | None = None

    def turned_out(self, actor: Actor) -> Acting:
        """The same request, by whoever it has turned out to be."""
        person = actor.person_id is not None
        return Acting(
            actor.person_id if person else actor.key_id,
            "person" if person else "key",
            actor.role,
            actor.tenant,
            self.address,
            self.request_id,
            actor.session_id,
        )


acting: ContextVar[Acting | None] = ContextVar("acting", default=None)
"""Set by `AuditMiddleware`. Commands and what the service does by itself have none: they are the system."""


def address() -> str | None:
    """Of the client, where there is one."""
    who = acting.get()
    return None if who is None else who.address


def claim(person_id: str) -> None:
    """Note which person somebody says to be."""
    if (who := acting.get()) is not None:
        acting.set(replace(who, claimed_id=person_id))


def event(
    action: str,
    resource: str,
    target_id: str | None = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    result: Result = "ok",
    actor: Actor | None = None,
) -> AuditEvent:
    """An event of whoever acts just now.

    Args:
        actor: who that has turned out to be, where the request itself has just shown it.
    """
    who = acting.get() or Acting(_account(), "system")
    if actor is not None:
        who = who.turned_out(actor)
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
        who.session_id,
    )


def _account() -> str | None:
    """The account that this process runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run under numbers without a name
        return None
