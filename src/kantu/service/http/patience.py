"""Ends requests whose client does not read, and turns new ones away while the service stops."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import NotReadyError
from kantu.service.errors import error_response
from kantu.service.http.actor import known_actor
from kantu.service.lifecycle import Lifecycle


class SlowReaderMiddleware:
    """A client that takes nothing for `seconds` is treated as gone: what works for it is cancelled."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def impatient_send(message: Message) -> None:
            try:
                async with asyncio.timeout(self._seconds):
                    await send(message)
            except TimeoutError:
                raise ConnectionAbortedError("the client does not read") from None

        await self._app(scope, receive, impatient_send)


class DrainMiddleware:
    """Counts requests of known actors, and refuses new ones once the service is stopping. Others hold up no stop."""

    def __init__(self, app: ASGIApp, *, lifecycle: Lifecycle) -> None:
        self._app, self._lifecycle = app, lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or known_actor(scope) is None:
            await self._app(scope, receive, send)
            return
        try:
            self._lifecycle.enter()
        except NotReadyError as error:
            scope.setdefault("state", {})["error_code"] = error.code
            response = error_response(error, scope)
            await response(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._lifecycle.leave()
