"""Headers that every answer has, whoever made it: what browsers and caches must not do with it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.service.http.actor import API

NOSNIFF = ("x-content-type-options", "nosniff")
NO_STORE = ("cache-control", "no-store")
_ONLY_TLS = ("strict-transport-security", "max-age=31536000")  # RFC 6797; of this host only, others are not ours


class AnswerHeadersMiddleware:
    """The outermost but for who the client is.

    Only the API's answers are kept out of caches: the page's files are made to be cached.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = [NOSNIFF]
        if scope["path"].startswith(API):
            added.append(NO_STORE)
        if scope["scheme"] == "https":
            added.append(_ONLY_TLS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in added:
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)
