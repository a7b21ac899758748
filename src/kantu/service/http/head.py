"""HEAD (RFC 9110, section 9.3.2) wherever GET works: the same headers, and no body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Asks for what GET would be answered. The innermost, so that everything around it still sees HEAD.

    The body is made and dropped, because only so its length is known; a `Range` counts for GET alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        asked = {**scope, "method": "GET", "headers": headers}

        async def send_no_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(asked, receive, send_no_body)
        finally:  # what the application leaves there, such as the route, is read outside
            scope.update({name: value for name, value in asked.items() if name not in ("method", "headers")})
