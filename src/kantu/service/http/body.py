"""Bounds what a request's body may cost before anything parses it: bytes, seconds, and the shape of its JSON."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kantu.errors import InvalidRequestError, KantuError, OverloadedError
from kantu.service.errors import body_too_large, error_response, invalid_json

# A string, first the quick way (to the first quote, if no backslash stands before it); a bracket; a comma. Possessive,
# so that a string of a hundred million characters costs no stack. A string that never ends reaches to the end of the
# body: were it no match, each of its escaped quotes would be tried as the beginning of another one.
_JSON = re.compile(
    rb""""(?:[^"]*+(?<!\\)"|[^"\\]*+(?:\\.[^"\\]*+)*+"?)|[\[{]|[\]}]|,""",
    re.DOTALL,
)
_OPEN, _CLOSE = frozenset(b"[{"), frozenset(b"]}")
_MOST_ITEMS = 100_000  # far more than the largest conversation; a body of 64 MiB could hold 20 million


class BodyMiddleware:
    """JSON is read whole, checked and handed on in one piece; anything else is counted as it flows.

    Args:
        max_bytes: of any body.
        max_upload_bytes: of one that is not JSON.
        max_total_bytes: of all JSON bodies that are in memory at once, whoever sent them; reading comes before the key.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        max_upload_bytes: int,
        max_total_bytes: int,
        seconds: float,
        depth: int,
    ) -> None:
        self._app = app
        self._max_bytes, self._max_upload_bytes, self._max_total_bytes = max_bytes, max_upload_bytes, max_total_bytes
        self._seconds, self._depth = seconds, depth
        self._held = 0  # bytes of JSON bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_json = "json" in headers.get("content-type", "").lower()
        limit = self._max_bytes if is_json else self._max_upload_bytes
        begun = False

        async def noting_send(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            _check_encoding(headers)
            if int(headers.get("content-length") or 0) > limit:
                raise _BodyError(body_too_large())
            bounded = self._bounded(receive, limit)
            if is_json:
                with self._holding(bounded) as held:
                    await self._app(scope, await self._whole(held, receive), noting_send)
            else:
                await self._app(scope, bounded, noting_send)
        except _BodyError as failure:
            scope.setdefault("state", {})["error_code"] = failure.error.code
            if not begun:
                response = error_response(failure.error, headers.get("accept-language"))
                response.headers["connection"] = "close"  # what is left of the body is not worth reading
                await response(scope, receive, send)
        except KantuError as error:
            scope.setdefault("state", {})["error_code"] = error.code
            await error_response(error, headers.get("accept-language"))(scope, receive, send)

    def _bounded(self, receive: Receive, limit: int) -> Receive:
        """`receive`, within the limits of bytes and time."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        seen, complete = 0, False

        async def bounded() -> Message:
            nonlocal seen, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise _BodyError(_too_slow()) from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if seen > limit:
                    raise _BodyError(body_too_large())
            return message

        return bounded

    @contextmanager
    def _holding(self, bounded: Receive) -> Iterator[Receive]:
        """`bounded`, whose bytes count as held until the block is left."""
        held = 0

        async def counted() -> Message:
            nonlocal held
            message = await bounded()
            size = len(message.get("body", b""))
            if self._held + size > self._max_total_bytes:
                raise _BodyError(_too_many_bytes())
            held += size
            self._held += size
            return message

        try:
            yield counted
        finally:
            self._held -= held

    async def _whole(self, bounded: Receive, receive: Receive) -> Receive:
        """Read the body, check its shape, and hand it on in one message."""
        parts: list[bytes] = []
        more = True
        while more:
            message = await bounded()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect  # the application would call it a body that cannot be parsed
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(parts)
        if not json.detect_encoding(body).startswith("utf-8"):  # the parser would guess UTF-16, unlike what counts here
            raise invalid_json()
        check_json_shape(body, self._depth)
        return _replay({"type": "http.request", "body": body, "more_body": False}, receive)


class _BodyError(Exception):
    """Passes through the application, which reads the body somewhere inside."""

    def __init__(self, error: KantuError) -> None:
        super().__init__(error.code)
        self.error = error


def check_json_shape(body: bytes, most_depth: int) -> None:
    """Refuse JSON whose parsing would cost far more than its bytes. Says nothing about whether it is JSON.

    Raises:
        InvalidRequestError: `json_too_deep`, `json_too_many_items`.
    """
    depth = 0
    for count, match in enumerate(_JSON.finditer(body)):
        first = body[match.start()]
        if first in _OPEN:
            depth += 1
            if depth > most_depth:
                raise InvalidRequestError(
                    "json_too_deep",
                    f"请求体的 JSON 嵌套太深，最多 {most_depth} 层。",
                    f"The body's JSON is nested too deeply, at most {most_depth} levels.",
                )
        elif first in _CLOSE:
            depth -= 1
        if count >= _MOST_ITEMS:
            raise InvalidRequestError(
                "json_too_many_items", "请求体的 JSON 元素太多。", "The body's JSON has too many elements."
            )


def _check_encoding(headers: Headers) -> None:
    """Nothing is unpacked here: a small body could become a large one, which the limits would not see."""
    given = ",".join(headers.getlist("content-encoding")).lower().split(",")
    if {coding.strip() for coding in given} - {"", "identity"}:
        raise _BodyError(
            InvalidRequestError(
                "unsupported_content_encoding",
                "请求体不能压缩：不接受 identity 以外的 Content-Encoding。",
                "The body must not be compressed: no Content-Encoding but identity is taken.",
            )
        )


def _replay(message: Message, receive: Receive) -> Receive:
    waiting: list[Message] = [message]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _too_many_bytes() -> OverloadedError:
    return OverloadedError(
        "too_many_bytes_in_flight",
        "正在处理的请求体太多，请稍后重试。",
        "The bodies in flight are too many bytes; try again later.",
        retry_after_seconds=1.0,
    )


def _too_slow() -> InvalidRequestError:
    return InvalidRequestError(
        "body_too_slow", "请求体传输太慢，已中断。", "The request's body came too slowly and was cut off."
    )
