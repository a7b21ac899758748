"""What is known of a session, and the text that only its browser has."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from kantu.errors import KantuError, error
from kantu.service.database.ids import Ids

SESSION_IDS = Ids("ses_")

_RANDOM_BYTES = 32
_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session. Times are seconds since 1970.

    Attributes:
        digest: of its text, which is kept nowhere.
        generation: of the person's sessions, when it began: it is over as soon as there is a later one.
        address: that it began at.
        authenticated_at: when the password was last given.
        last_used_at: to the minute.
        expires_at: however much it is used.
    """

    id: str
    digest: str
    person_id: str
    generation: int
    address: str | None
    created_at: int
    authenticated_at: int
    last_used_at: int
    expires_at: int


def new_text() -> str:
    """A fresh session's text: 43 url-safe characters."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(text: str) -> str | None:
    """What is kept of a session's text; None where it has not the form of one."""
    return hashlib.sha256(text.encode()).hexdigest() if _TEXT.fullmatch(text) else None


def csrf_token_of(text: str) -> str:
    """What a page sends with every change: it has been told, and a page of another origin has not."""
    return hashlib.sha256(b"csrf " + text.encode()).hexdigest()


def session_not_found(param: str | None = None) -> KantuError:
    """There is none, or it is somebody else's: nobody can tell which."""
    return error("session_not_found", param=param)
