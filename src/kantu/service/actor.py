"""Who acts: the vocabulary between keys, limits and endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "security", "audit", "operator", "member"]
"""What a person is: 系统管理员, 安全管理员, 审计管理员, 操作员, 成员."""

ADMINISTRATORS: tuple[Role, ...] = ("system", "security", "audit")
"""The three powers: nobody has two of them, ever."""

Unfinished = Literal["password", "totp"]
"""What a person has to do before anything else: choose a password of their own, enrol a second factor."""

ENDPOINTS = ("chat", "decisions", "tasks", "models", "files", "batches", "tokenize", "history")
"""What a key can be limited to."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Most that a key, a person or a group may use in one minute or one day (UTC); None is without limit."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    visual_tokens_per_minute: int | None = None
    visual_tokens_per_day: int | None = None
    output_tokens_per_minute: int | None = None
    output_tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What the people of a group may use together."""

    group_id: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the holder of a key, or a person in a session, good when this was made; or who has made a batch.

    Attributes:
        key_id: of the key; of a person, who has none, the person's.
        tenant: whose files and batches it sees, and whose caches it shares.
        models, endpoints: what a key may use; None is everything.
        limits: the actor's own.
        quota: of the person's group, if there is one; it counts beside the person's own limits.
        person_id, role: of a person; a key has neither.
        session_id: that the person asks in.
        unfinished: what the person has to do first; until then nothing else is allowed.
        is_fresh: whether the person has given the password lately, as dangerous acts ask for.
    """

    key_id: str
    tenant: str
    models: tuple[str, ...] | None = None
    endpoints: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    person_id: str | None = None
    role: Role | None = None
    session_id: str | None = None
    unfinished: Unfinished | None = None
    is_fresh: bool = False
    quota: Quota | None = None

    def cache_salt(self, own: str | None) -> str:
        """What the engine's caches are keyed by besides what they hold: nobody else has it.

        Args:
            own: a salt of the actor's, which parts its caches once more.
        """
        return self.tenant if own is None else f"{self.tenant}\0{own}"
