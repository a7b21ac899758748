"""What is known about a key, and the text that only its holder has."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Literal

from kantu.service.actor import Actor, Limits
from kantu.service.database.ids import Ids

KeyState = Literal["active", "expired", "revoked"]

KEY_IDS = Ids("key_")

_PREFIX = "kt-"
_RANDOM_BYTES = 32
_HINT_LENGTH = 7  # "kt-" and 24 of 256 random bits
# RFC 9110, 11.1 and 5.5: the scheme is in any case, blanks stand behind it and may stand around the value.
_AUTHORIZATION = re.compile(r"[ \t]*(?i:bearer)[ \t]+(kt-[A-Za-z0-9_-]{43})[ \t]*")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its administrator sees it. Times are seconds since 1970.

    Attributes:
        hint: how the key's text begins, to recognise it by.
        owner: whose files and batches it sees.
        models, endpoints: what it may use; None is everything.
        last_used_at: to the minute.
    """

    id: str
    name: str
    owner: str
    hint: str
    models: tuple[str, ...] | None
    endpoints: tuple[str, ...] | None
    limits: Limits
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None

    def state(self, now: float) -> KeyState:
        """Whether it opens anything at `now`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"

    def actor(self) -> Actor:
        """What endpoints need to know of whoever holds it."""
        return Actor(self.id, self.owner, self.models, self.endpoints, self.limits)


def new_text() -> str:
    """A fresh key's text: "kt-" and 43 url-safe characters."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hint_of(text: str) -> str:
    """The part of a key's text that is kept to recognise it by."""
    return text[:_HINT_LENGTH]


def digest_of(text: str) -> str:
    """What is kept of a key's text: SHA-256 is enough, as nobody can try 256 random bits as they can try passwords."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_in(authorization: str) -> str | None:
    """The key in an `Authorization` header, or None where it has not the form of one of ours."""
    match = _AUTHORIZATION.fullmatch(authorization)
    return None if match is None else match[1]
