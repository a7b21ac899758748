"""Who may do what: one table of action x resource. What is not in it, nobody may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from kantu.errors import error
from kantu.service.actor import Actor, Role

Action = Literal["create", "read", "cancel", "delete", "verify", "export"]
Resource = Literal[
    "chat", "decisions", "tasks", "models", "files", "batches", "tokenize", "history", "metrics", "document", "audit"
]

# -> the endpoint that a key must be for, where it is limited to some; None: any good key will do.
PERMISSIONS: Mapping[tuple[Action, Resource], str | None] = {
    ("create", "chat"): "chat",
    ("create", "decisions"): "decisions",
    ("create", "tasks"): "tasks",
    ("read", "tasks"): "tasks",
    ("read", "models"): "models",
    ("create", "files"): "files",
    ("read", "files"): "files",
    ("delete", "files"): "files",
    ("create", "batches"): "batches",  # and chat, for every line of it
    ("read", "batches"): "batches",
    ("cancel", "batches"): "batches",
    ("create", "tokenize"): "tokenize",
    ("read", "history"): "history",
    ("delete", "history"): "history",
    ("read", "metrics"): None,
    ("read", "document"): None,
}

# -> the roles of the people who may; no key may.
ROLES: Mapping[tuple[Action, Resource], tuple[Role, ...]] = {
    ("read", "audit"): ("audit",),
    ("verify", "audit"): ("audit",),
    ("export", "audit"): ("audit",),
}


def check(actor: Actor, action: Action, resource: Resource) -> None:
    """Raise PermissionDeniedError `endpoint_not_allowed` where the table does not allow it."""
    if (action, resource) in PERMISSIONS:
        endpoint = PERMISSIONS[action, resource]
        if endpoint is None or actor.endpoints is None or endpoint in actor.endpoints:
            return
    if actor.role in ROLES.get((action, resource), ()):
        return
    raise error("endpoint_not_allowed", endpoint=resource)


def may_use_model(actor: Actor, name: str) -> bool:
    """Whether a key is for the model of this name."""
    return actor.models is None or name in actor.models


def check_model(actor: Actor, name: str) -> None:
    """Raise PermissionDeniedError `model_not_allowed` where the key is not for the model."""
    if not may_use_model(actor, name):
        raise error("model_not_allowed", served=name)
