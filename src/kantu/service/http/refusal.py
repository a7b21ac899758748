"""An error as bytes of HTTP/1.1, where no application is reached that could answer."""

from __future__ import annotations

import json
from http import HTTPStatus

from kantu.errors import KantuError
from kantu.service.errors import envelope, headers_of, status_of
from kantu.service.http.answer_headers import NO_STORE, NOSNIFF
from kantu.service.language import Language


def refusal(error: KantuError, language: Language = "zh") -> bytes:
    """The whole answer, after which the connection is closed."""
    body = json.dumps(envelope(error, language), ensure_ascii=False).encode()
    status = HTTPStatus(status_of(error))
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **dict((NO_STORE, NOSNIFF)),
        **headers_of(error),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body
