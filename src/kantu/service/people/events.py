"""What people do to accounts and sessions, told to whoever keeps the record, in the transaction that does it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from kantu.service.actor import Actor
from kantu.service.people.person import Person

_log = logging.getLogger(__name__)

Result = Literal["ok", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One act.

    Attributes:
        actor: None is somebody unknown, or this machine's own administrator (`is_local`).
        target_id: of the account, where there is one.
        before, after: what has changed, where powers have.
    """

    actor: Actor | None
    origin: Origin
    action: str
    resource: str
    target_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    result: Result = "ok"
    is_local: bool = False


Record = Callable[[Session, Event], None]
"""Writes an event into a transaction of the caller's. What it raises keeps the act from happening."""


def powers_of(person: Person) -> dict[str, Any]:
    """What an event says of an account before and after a change: nothing secret."""
    return {
        "name": person.name,
        "tenant": person.tenant,
        "role": person.role,
        "state": person.state,
        "totp": person.has_totp,
    }


def log_event(_: Session, event: Event) -> None:
    """The record of a service that keeps no other: a line of its log."""
    _log.info(
        "people",
        extra={
            "action": event.action,
            "resource": event.resource,
            "result": event.result,
            "key_id": None if event.actor is None else event.actor.key_id,
            "target_id": event.target_id,
            "request_id": event.origin.request_id,
        },
    )
