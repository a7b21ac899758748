"""A login that a browser has begun at the provider, and has not come back from yet."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

ATTEMPT_SECONDS = 600
"""In which the browser has to be back."""

_COOKIE = "__Host-kantu_oidc"
_RANDOM_BYTES = 32
_TEXT = re.compile(r"[A-Za-z0-9_-]{43}\.(\d{1,12})\.([01])\.([0-9a-f]{64})?")


@dataclass(frozen=True, slots=True)
class Attempt:
    """All of it follows from a text that only the browser has. Nothing is kept here before the provider has answered.

    Nobody changes a part of the text and keeps the login: state, nonce and verifier are hashes of all of it, and the
    provider has signed the nonce.

    Attributes:
        started_at: seconds since 1970.
        fresh: the provider has to ask for the password again, whoever is logged in there.
        old_digest: of the session that the browser had; it ends.
    """

    text: str
    started_at: int
    fresh: bool
    old_digest: str | None

    @property
    def digest(self) -> str:
        """By which it is known that it has been used."""
        return self._derived("digest")

    @property
    def state(self) -> str:
        """Comes back with the browser: the answer is to this attempt of this browser."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back in the ID token: it was made for this attempt."""
        return self._derived("nonce")

    @property
    def code_verifier(self) -> str:
        """Of PKCE (RFC 7636): whoever steals the code on its way cannot use it."""
        return self._derived("verifier")

    def _derived(self, purpose: str) -> str:
        return hashlib.sha256(f"{purpose} {self.text}".encode()).hexdigest()


def new_attempt(now: float, *, fresh: bool, old_digest: str | None) -> Attempt:
    """A fresh one."""
    text = f"{secrets.token_urlsafe(_RANDOM_BYTES)}.{int(now)}.{int(fresh)}.{old_digest or ''}"
    return Attempt(text, int(now), fresh, old_digest)


def attempt_in(headers: Headers, now: float) -> Attempt | None:
    """The attempt that a browser has begun, if there is one and it is not too old."""
    text = cookie_parser(headers.get("cookie", "")).get(_COOKIE, "")
    match = _TEXT.fullmatch(text)
    if match is None or not 0 <= now - int(match[1]) < ATTEMPT_SECONDS:
        return None
    return Attempt(text, int(match[1]), match[2] == "1", match[3])


def keep(response: Response, attempt: Attempt) -> None:
    """Have the browser keep it. It has to come along when the provider sends the browser back: not `strict`."""
    response.set_cookie(
        _COOKIE, attempt.text, max_age=ATTEMPT_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )


def drop(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
