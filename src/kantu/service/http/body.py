"""Bounds what a request's body may cost: bytes, within its tenant's share; seconds; and the shape of its JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import KantuError, error
from kantu.service.admission import Admission
from kantu.service.errors import error_response
from kantu.service.http.actor import is_refused, known_actor
from kantu.service.http.json_reader import PIECE_BYTES, JsonReader
from kantu.service.http.json_route import leave_json
from kantu.service.shares import Holding

_UNKNOWN_BYTES = 2**16  # of whoever needs no key, and then no body either
_UPLOAD_BYTES = 2 * 2**20  # what is in memory of a body that flows to the disk: a piece to write, and what has come


class BodyMiddleware:
    """JSON is read whole and left for a `JsonRoute`; anything else is counted as it flows.

    Of whoever has no good key nothing is read (`ActorMiddleware`).

    Args:
        max_bytes: of a JSON body, by address.
        max_upload_bytes: of one that is not JSON.
        seconds: in which a body must come.
        depth: of the JSON.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        admission: Admission,
        max_bytes: Callable[[str], int],
        max_upload_bytes: int,
        seconds: float,
        depth: int,
    ) -> None:
        self._app, self._admission = app, admission
        self._max_bytes, self._max_upload_bytes = max_bytes, max_upload_bytes
        self._seconds, self._depth = seconds, depth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or is_refused(scope):
            await self._app(scope, receive, send)
            return
        begun = False

        async def noting_send(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        failure: KantuError
        try:
            await self._bounded(scope, receive, noting_send)
            return
        except _BodyError as error:
            failure = error.error
        except KantuError as error:
            failure = error
        scope.setdefault("state", {})["error_code"] = failure.code
        if not begun:
            response = error_response(failure, scope)
            response.headers["connection"] = "close"  # what is left of the body is not worth reading
            await response(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, actor = Headers(scope=scope), known_actor(scope)
        _check_encoding(headers)
        is_json = "json" in headers.get("content-type", "").lower()
        limit = self._max_bytes(scope["path"]) if is_json else self._max_upload_bytes
        if actor is None:
            limit = _UNKNOWN_BYTES
        length = headers.get("content-length")
        if int(length or 0) > limit:
            raise error("body_too_large")
        if actor is None:
            await self._app(scope, self._counted(receive, limit), send)
            return
        size = int(length or 0) if is_json else _UPLOAD_BYTES
        async with self._admission.body(actor, size) as held:  # before the client is told to go on
            counted = self._counted(receive, limit)
            if is_json:
                leave_json(scope, await self._read(counted, held if length is None else None))
                counted = _read_already(receive)
            await self._app(scope, counted, send)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        """`receive`, within the limits of bytes and time."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        seen, complete = 0, False

        async def counted() -> Message:
            nonlocal seen, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise _BodyError(error("body_too_slow")) from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if seen > limit:
                    raise _BodyError(error("body_too_large"))
            return message

        return counted

    async def _read(self, counted: Receive, growing: Holding | None) -> JsonReader:
        """A whole body; others get their turn after every step of it.

        Args:
            growing: what is held for it, where its length is not known beforehand.
        """
        reader = JsonReader(self._depth)
        more = True
        while more:
            message = await counted()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect  # the application would call it a body that cannot be parsed
            data = message.get("body", b"")
            if growing is not None:
                growing.grow(len(data))
            for start in range(0, len(data), PIECE_BYTES):
                reader.feed(data[start : start + PIECE_BYTES])
                await asyncio.sleep(0)
            more = message.get("more_body", False)
        return reader


class _BodyError(Exception):
    """Passes through the application, which reads the body somewhere inside."""

    def __init__(self, error: KantuError) -> None:
        super().__init__(error.code)
        self.error = error


def _check_encoding(headers: Headers) -> None:
    """Nothing is unpacked here: a small body could become a large one, which the limits would not see."""
    given = ",".join(headers.getlist("content-encoding")).lower().split(",")
    if {coding.strip() for coding in given} - {"", "identity"}:
        raise _BodyError(error("unsupported_content_encoding"))


def _read_already(receive: Receive) -> Receive:
    """`receive`, behind an empty body."""
    waiting: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def behind() -> Message:
        return waiting.pop() if waiting else await receive()

    return behind
