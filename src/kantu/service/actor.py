"""Who acts: the vocabulary between keys, limits and endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "security", "audit", "operator", "member"]
"""系统管理员, 安全管理员, 审计管理员, 操作员, 成员."""

ENDPOINTS = ("chat", "decisions", "tasks", "models", "files", "batches", "tokenize", "history")
"""What a key can be limited to."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Most that a key may use in one minute or one day (UTC); None is without limit."""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    visual_tokens_per_minute: int | None = None
    visual_tokens_per_day: int | None = None
    output_tokens_per_minute: int | None = None
    output_tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the holder of a key that was good when this was made, or who has made a batch.

    Attributes:
        key_id: of the key.
        tenant: whose files and batches it sees, and whose caches it shares.
        models, endpoints: what it may use; None is everything.
        person_id, role: of a person who has logged in; a key has neither.
    """

    key_id: str
    tenant: str
    models: tuple[str, ...] | None = None
    endpoints: tuple[str, ...] | None = None
    limits: Limits = field(default_factory=Limits)
    person_id: str | None = None
    role: Role | None = None

    def cache_salt(self, own: str | None) -> str:
        """What the engine's caches are keyed by besides what they hold: nobody else has it.

        Args:
            own: a salt of the actor's, which parts its caches once more.
        """
        return self.tenant if own is None else f"{self.tenant}\0{own}"
