"""Finds out who sends a request from its headers, before a byte of its body is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import KantuError
from kantu.service.actor import Actor
from kantu.service.dialect import dialect_of
from kantu.service.sessions.cookie import CSRF_HEADER, session_in

API = "/v1/"

_STATE = "actor"
_CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")


class SessionOf(Protocol):
    """Who asks in a session."""

    async def __call__(self, text: str, csrf_token: str | None, *, changes: bool) -> Actor:
        """See `SessionService.authenticate`."""


class ActorMiddleware:
    """Leaves the `Actor`, or why there is none, in the scope's state, where `actor_of` finds it.

    Whoever has no good key is answered by the application as if there were no body: nothing is read of it, a client
    that waits for "100 Continue" is not told to go on, and the connection ends with the answer. So an address that does
    not exist is a 404 without a key too.

    A key counts more than a session: who sends one means it, and a cookie comes by itself.

    Args:
        authenticate: (value of `Authorization`, the client's address) -> who it is; raises KantuError.
        session: whose session a cookie is; without it no cookie counts.
        guarded: how the addresses begin that anybody is asked at.
        open_to_all: (method, address) of those among them that nobody is asked at.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticate: Callable[[str | None, str | None], Awaitable[Actor]],
        guarded: Collection[str],
        session: SessionOf | None = None,
        open_to_all: Collection[tuple[str, str]] = (),
    ) -> None:
        self._app, self._authenticate, self._guarded = app, authenticate, tuple(guarded)
        self._session, self._open_to_all = session, frozenset(open_to_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._guarded) or self._is_open(scope):
            await self._app(scope, receive, send)
            return
        state, headers = scope.setdefault("state", {}), Headers(scope=scope)
        try:
            actor = state[_STATE] = await self._actor(scope, headers)
        except KantuError as error:
            state[_STATE] = error
            await self._app(scope, _no_body(), _closing(send) if has_body(headers) else send)
            return
        state["key_id"] = actor.key_id
        await self._app(scope, receive, send)

    def _is_open(self, scope: Scope) -> bool:
        return (scope["method"], scope["path"]) in self._open_to_all

    async def _actor(self, scope: Scope, headers: Headers) -> Actor:
        authorization = _authorization(scope["path"], headers)
        text = None if authorization or self._session is None else session_in(headers)
        if text is not None and self._session is not None:
            changes = scope["method"] not in _CHANGES_NOTHING
            return await self._session(text, headers.get(CSRF_HEADER), changes=changes)
        client = scope.get("client")
        return await self._authenticate(authorization, None if client is None else client[0])


def actor_of(scope: Scope) -> Actor:
    """Who sends a request to a guarded address.

    Raises:
        AuthenticationError: `missing_api_key`, `invalid_api_key`, `expired_api_key`, `revoked_api_key`,
            `session_ended`.
        PermissionDeniedError: `wrong_csrf_token`.
        LimitExceededError: `too_many_wrong_keys`.
        StoreError: the database could not be asked.
    """
    found: Actor | KantuError = scope["state"][_STATE]
    if isinstance(found, KantuError):
        raise found
    return found


def known_actor(scope: Scope) -> Actor | None:
    """Who sends a request, if that is known; None for whoever has no good key, and where nobody is asked."""
    found = scope.get("state", {}).get(_STATE)
    return found if isinstance(found, Actor) else None


def is_refused(scope: Scope) -> bool:
    """Whether a request has no good key where one is needed. There is no body to be read then."""
    return isinstance(scope.get("state", {}).get(_STATE), KantuError)


def has_body(headers: Headers) -> bool:
    """Whether a request announces a body."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _authorization(path: str, headers: Headers) -> str | None:
    """As `Authorization` says it, or would: clients of Anthropic's API may send the bare key in a header of its own."""
    given, key = headers.get("authorization"), headers.get("x-api-key")
    return f"Bearer {key}" if given is None and key and dialect_of(path) == "anthropic" else given


def _no_body() -> Receive:
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"", "more_body": False},
    ]

    async def receive() -> Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    return receive


def _closing(send: Send) -> Send:
    """`send`, for an answer after which what is left of the request is not worth reading."""

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["connection"] = "close"
        await send(message)

    return closing
