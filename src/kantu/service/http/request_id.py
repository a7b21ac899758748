"""Gives every request an id, in and out, and answers for what nobody else caught."""

from __future__ import annotations

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from kantu.errors import error
from kantu.service.dialect import dialect_of
from kantu.service.errors import error_response

_log = logging.getLogger(__name__)
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER = "x-request-id"
_ANTHROPIC_HEADER = "request-id"


class RequestIdMiddleware:
    """Around all that works on a request. A client's own id is kept if it is plain; it stands in logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(_HEADER, "")
        request_id = given if _ACCEPTED.fullmatch(given) else f"req_{secrets.token_hex(12)}"
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def send_with_id(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                sent = MutableHeaders(scope=message)
                sent[_HEADER] = request_id
                if dialect_of(scope["path"]) == "anthropic":
                    sent[_ANTHROPIC_HEADER] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            except ClientDisconnect:  # nobody is left to answer
                pass
            except Exception as failure:  # whatever it is, the service goes on; no log has its words (watch/logs.py)
                if begun and isinstance(failure, OSError):  # the client left while it was answered
                    return
                _log.error("a request failed", exc_info=failure)
                if not begun:
                    response = error_response(error("internal_error"), scope)
                    await response(scope, receive, send_with_id)
