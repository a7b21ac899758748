"""Who may do what: one table of action x resource. What is not in it, nobody may do.

docs/permissions.md is printed from it (`python scripts/permissions_page.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kantu.errors import error
from kantu.service.actor import Actor, Role

Action = Literal["create", "read", "update", "cancel", "delete", "revoke", "verify", "export"]
Resource = Literal[
    "chat",
    "decisions",
    "tasks",
    "models",
    "files",
    "batches",
    "tokenize",
    "history",
    "metrics",
    "document",
    "account",
    "people",
    "roles",
    "factors",
    "sessions",
    "policies",
    "keys",
    "usage",
    "status",
    "settings",
    "audit",
]


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the table.

    Attributes:
        roles: of the people who may.
        keys: whether keys may.
        endpoint: that a key must be for, where it is limited to some; None: any good key will do.
        dangerous: people have given their password lately.
        unfinished: also people who have something to do first.
    """

    roles: frozenset[Role]
    keys: bool = False
    endpoint: str | None = None
    dangerous: bool = False
    unfinished: bool = False


def _for_keys(endpoint: str | None, *roles: Role) -> Permission:
    return Permission(frozenset(roles), keys=True, endpoint=endpoint)


def _for_people(*roles: Role, dangerous: bool = False) -> Permission:
    return Permission(frozenset(roles), dangerous=dangerous)


_OWN = Permission(frozenset({"system", "security", "audit", "operator", "member"}), unfinished=True)

PERMISSIONS: Mapping[tuple[Action, Resource], Permission] = {
    ("create", "chat"): _for_keys("chat", "operator", "member", "system"),  # the last one to see that a model works
    ("create", "decisions"): _for_keys("decisions", "operator", "member"),
    ("create", "tasks"): _for_keys("tasks", "operator", "member"),
    ("read", "tasks"): _for_keys("tasks", "operator", "member"),
    ("read", "models"): _for_keys("models", "operator", "member", "system", "security"),
    ("create", "files"): _for_keys("files", "operator", "member"),
    ("read", "files"): _for_keys("files", "operator", "member"),
    ("delete", "files"): _for_keys("files", "operator", "member"),
    ("create", "batches"): _for_keys("batches", "operator", "member"),  # and chat, for every line of it
    ("read", "batches"): _for_keys("batches", "operator", "member"),
    ("cancel", "batches"): _for_keys("batches", "operator", "member"),
    ("create", "tokenize"): _for_keys("tokenize", "operator", "member"),
    ("read", "history"): _for_keys("history", "operator", "member"),
    ("delete", "history"): _for_keys("history", "operator", "member"),
    ("read", "metrics"): _for_keys(None, "system"),
    ("read", "document"): _for_keys(None, "operator", "member", "system", "security"),
    ("read", "account"): _OWN,  # one's own: who one is, one's sessions
    ("update", "account"): _OWN,  # logging out, password, second factor
    ("read", "people"): _for_people("system", "security"),
    ("create", "people"): _for_people("system", dangerous=True),
    ("update", "people"): _for_people("system", dangerous=True),  # disable, enable, unlock, a new one-time password
    ("update", "roles"): _for_people("security", dangerous=True),
    ("delete", "factors"): _for_people("security", dangerous=True),  # not who resets passwords: either alone takes over
    ("read", "policies"): _for_people("security"),
    ("create", "policies"): _for_people("security", dangerous=True),
    ("update", "policies"): _for_people("security", dangerous=True),  # also who is in a group
    ("delete", "policies"): _for_people("security", dangerous=True),
    ("read", "sessions"): _for_people("system", "security"),
    ("delete", "sessions"): _for_people("system", "security"),
    ("read", "keys"): _for_people("security"),
    ("create", "keys"): _for_people("security", dangerous=True),
    ("revoke", "keys"): _for_people("security"),  # in a hurry, perhaps
    ("read", "usage"): _for_people("system", "operator", "member"),  # whose: `UsageService`
    ("export", "usage"): _for_people("system", "operator", "member"),
    ("read", "status"): _for_people("system"),
    ("read", "settings"): _for_people("system"),
    ("read", "audit"): _for_people("audit"),
    ("verify", "audit"): _for_people("audit"),
    ("export", "audit"): _for_people("audit", dangerous=True),
}


def check(actor: Actor, action: Action, resource: Resource) -> None:
    """Whether the table allows it.

    Raises:
        PermissionDeniedError: `endpoint_not_allowed` for a key; for a person `role_not_allowed`,
            `password_change_required`, `totp_required`, `reauthentication_required`.
    """
    permission = PERMISSIONS.get((action, resource))
    if actor.person_id is None:
        if permission is None or not permission.keys or not _is_for(actor, permission.endpoint):
            raise error("endpoint_not_allowed", endpoint=resource)
        return
    if permission is None or actor.role not in permission.roles:
        raise error("role_not_allowed")
    if actor.unfinished is not None and not permission.unfinished:
        raise error("password_change_required" if actor.unfinished == "password" else "totp_required")
    if permission.dangerous and not actor.is_fresh:
        raise error("reauthentication_required")


def allowed_to(role: Role) -> list[str]:
    """What the table lets a role do, as "action resource", once nothing is left to do first."""
    return [f"{action} {resource}" for (action, resource), row in PERMISSIONS.items() if role in row.roles]


def may_use_model(actor: Actor, name: str) -> bool:
    """Whether a key is for the model of this name."""
    return actor.models is None or name in actor.models


def check_model(actor: Actor, name: str) -> None:
    """Raise PermissionDeniedError `model_not_allowed` where the key is not for the model."""
    if not may_use_model(actor, name):
        raise error("model_not_allowed", served=name)


def _is_for(actor: Actor, endpoint: str | None) -> bool:
    return endpoint is None or actor.endpoints is None or endpoint in actor.endpoints
