"""What every route and every command leaves in the audit. A route or command that is not here fails a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Written = Literal["with_change", "after_answer", "refusals"]


@dataclass(frozen=True, slots=True)
class Declared:
    """How an act is recorded.

    Attributes:
        written: "with_change": in the transaction of the change, or neither happens. "after_answer": whatever came of
            it, by `AuditWriter`. "refusals": only where it was refused or failed, as it changes nothing and shows
            nothing of anybody. Refusals of the first kind are written by `AuditWriter` too.
        waits: nothing is done while nothing can be recorded, where the settings say so.
    """

    written: Written

    @property
    def waits(self) -> bool:
        return self.written == "after_answer"


_CHANGE, _ANSWER, _REFUSALS = Declared("with_change"), Declared("after_answer"), Declared("refusals")

ACTS: Mapping[tuple[str, str], Declared] = {
    ("create", "chat"): _ANSWER,
    ("create", "decisions"): _ANSWER,
    ("create", "tasks"): _ANSWER,
    ("read", "tasks"): _REFUSALS,
    ("read", "models"): _REFUSALS,
    ("create", "files"): _CHANGE,
    ("read", "files"): _ANSWER,
    ("delete", "files"): _CHANGE,
    ("create", "batches"): _CHANGE,
    ("read", "batches"): _ANSWER,
    ("cancel", "batches"): _CHANGE,
    ("create", "tokenize"): _ANSWER,
    ("read", "history"): _ANSWER,
    ("delete", "history"): _CHANGE,
    ("read", "metrics"): _REFUSALS,
    ("read", "document"): _REFUSALS,
    ("read", "audit"): _CHANGE,
    ("verify", "audit"): _CHANGE,
    ("export", "audit"): _CHANGE,
    ("read", "account"): _REFUSALS,
    ("update", "account"): _CHANGE,
    ("read", "people"): _ANSWER,
    ("create", "people"): _CHANGE,
    ("update", "people"): _CHANGE,
    ("update", "roles"): _CHANGE,
    ("delete", "factors"): _CHANGE,
    ("create", "sessions"): _CHANGE,
    ("read", "policies"): _ANSWER,
    ("create", "policies"): _CHANGE,
    ("update", "policies"): _CHANGE,
    ("delete", "policies"): _CHANGE,
    ("read", "sessions"): _ANSWER,
    ("delete", "sessions"): _CHANGE,
    ("expire", "sessions"): _CHANGE,
    ("create", "keys"): _CHANGE,
    ("revoke", "keys"): _CHANGE,
    ("read", "keys"): _CHANGE,
    ("read", "usage"): _REFUSALS,
    ("read", "status"): _REFUSALS,
    ("read", "settings"): _ANSWER,
    ("export", "usage"): _ANSWER,
    ("archive", "audit"): _CHANGE,
    ("restore", "audit"): _CHANGE,
    ("accept", "audit"): _CHANGE,
    ("reload", "tasks"): _CHANGE,
    ("start", "service"): _CHANGE,
    ("stop", "service"): _CHANGE,
    ("reduce", "label"): _CHANGE,
    ("rotate", "retention"): _CHANGE,
    ("erase", "owner"): _CHANGE,
    ("verify", "erasure"): _CHANGE,
    ("create", "backup"): _CHANGE,
    ("restore", "backup"): _CHANGE,
}
"""By action and resource. Reading the audit is an act of its own, written before anything is shown."""

OPEN_ROUTES = frozenset({"/", "/page", "/health", "/healthz", "/readyz", "/v1/session/providers"})
"""Routes that ask nobody who they are and show nothing of anybody: they leave nothing."""

COMMANDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "serve": (
        *(("start", "service"), ("stop", "service")),
        *(("create", "keys"), ("create", "people"), ("reduce", "label")),
    ),
    "reload": (("reload", "tasks"),),
    "keys create": (("create", "keys"),),
    "keys list": (("read", "keys"),),
    "keys revoke": (("revoke", "keys"),),
    "people list": (("read", "people"),),
    "people disable": (("update", "people"),),
    "people enable": (("update", "people"),),
    "people unlock": (("update", "people"),),
    "people reset": (("update", "people"), ("delete", "factors")),
    "audit search": (("read", "audit"),),
    "audit verify": (("verify", "audit"),),
    "audit export": (("export", "audit"),),
    "audit archive": (("archive", "audit"),),
    "audit restore": (("restore", "audit"),),
    "audit accept": (("verify", "audit"), ("accept", "audit")),
    "retention rotate": (("rotate", "retention"),),
    "erase": (("erase", "owner"), ("verify", "erasure")),
    "backup": (("create", "backup"),),
    "restore": (("restore", "backup"),),  # with --check nothing: that reads the backup alone
}
"""By what is typed: commands that touch a service's data, and what they leave; "failed" where they have opened it and
could not do it."""

NO_SERVICE = frozenset(
    {
        "ask",
        "batch",
        "bench",
        "calibrate",
        "chart",
        "chat",
        "compare",
        "copy",
        "doctor",
        "eval",
        "extract",
        "locate",
        "match",
        "mcp",
        "models",
        "moderate",
        "order",
        "pipeline ask",
        "pipeline serve",
        "problem",
        "pull",
        "read",
        "read-boxes",
        "run",
        "synth",
        "train mini",
        "train mini-text",
        "train plot",
        "train reader-errors",
        "train ship",
        "train upright",
        "ui",
        "ui-point",
    }
)
"""Commands that touch no service's data: they work on models, pictures and files of whoever types them."""
