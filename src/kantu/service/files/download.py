"""Hands out a file's content, whole or in parts (RFC 9110, section 14), and refuses in our envelope."""

from __future__ import annotations

import os
import re

from fastapi.responses import FileResponse
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable
from starlette.types import Receive, Scope, Send

from kantu.errors import KantuError, error
from kantu.service.errors import error_response

_TOO_LONG = re.compile(r"[0-9]{19,}")
_LARGE = "9" * 18  # bytes: more than any file has, and a number that Python reads however many digits were sent


class Download(FileResponse):
    """Whatever the content is, no browser is to interpret it."""

    def __init__(self, path: str | os.PathLike[str], filename: str) -> None:
        super().__init__(path, media_type="application/octet-stream", filename=filename)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a `Range` that cannot be served is 400 `invalid_range` or 416 `range_not_satisfiable`."""
        try:
            await super().__call__(scope, receive, send)
        except _RefusedRange as refused:
            scope.setdefault("state", {})["error_code"] = refused.error.code
            response = error_response(refused.error, scope)
            if refused.file_bytes is not None:
                response.headers["content-range"] = f"bytes */{refused.file_bytes}"
            await response(scope, receive, send)

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        """Starlette's, whose two errors it would answer itself, in plain text."""
        try:
            return super()._parse_range_header(_TOO_LONG.sub(_LARGE, http_range), file_size)
        except MalformedRangeHeader:
            raise _RefusedRange(error("invalid_range"), None) from None
        except RangeNotSatisfiable:
            raise _RefusedRange(error("range_not_satisfiable"), file_size) from None


class _RefusedRange(Exception):  # noqa: N818 - an answer on its way
    def __init__(self, error: KantuError, file_bytes: int | None) -> None:
        super().__init__(error.code)
        self.error, self.file_bytes = error, file_bytes
