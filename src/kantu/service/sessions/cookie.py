"""The cookie of a session: for this host only, never for scripts, never without TLS, never from other sites."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

NAME = "__Host-kantu_session"
"""The prefix has browsers take it from this host alone, over TLS or from this machine (RFC 6265bis, 4.1.3.2)."""

CSRF_HEADER = "x-csrf-token"


def session_in(headers: Headers) -> str | None:
    """The text of the session that a request comes with."""
    given = headers.get("cookie")
    return None if given is None else cookie_parser(given).get(NAME) or None


def keep(response: Response, text: str) -> None:
    """Have the browser keep it until it is closed; the service decides when it is over."""
    response.set_cookie(NAME, text, path="/", secure=True, httponly=True, samesite="strict")


def drop(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(NAME, path="/", secure=True, httponly=True, samesite="strict")
