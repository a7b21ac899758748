"""Label values that cannot grow without end: every value of a label is a time series of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

OTHER = "other"
NONE = "none"
OK = "ok"
CLIENT_CLOSED = "client_closed"
INTERNAL_ERROR = "internal_error"

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_CODES = 256
# Endpoints of one fixed path, for requests that are refused before they are routed.
FIXED_PATHS = frozenset(
    {
        "/v1/chat/completions",
        "/v1/decisions",
        "/v1/responses",
        "/v1/models",
        "/v1/files",
        "/v1/batches",
        "/v1/tasks",
        "/v1/tokenize",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/session",
        "/v1/people",
        "/mcp",
    }
)
_OPERATIONS = frozenset({"/health", "/healthz", "/readyz", "/metrics", "/openapi.json"})


class ModelLabel:
    """The names of the models that are served; any other name that a client may write is "other"."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(names)

    def __call__(self, name: str | None) -> str:
        if name is None:
            return NONE
        return name if name in self._names else OTHER


class CodeLabel:
    """Error codes. They are literals of ours; should something else get here, only so many are told apart."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, code: str) -> str:
        if code in self._seen:
            return code
        if len(self._seen) >= _MOST_CODES or not _CODE.fullmatch(code):
            return OTHER
        self._seen.add(code)
        return code


def endpoint_label(template: str | None, path: str) -> str:
    """The API's route templates as they are; "page" for everything else that has a route; "other" without one.

    Args:
        template: path of the matched route, with its parameters' names in place of their values; None if none matched.
        path: the request's own path, which counts only if it is one of the API's fixed paths.
    """
    if template is None:
        return path if path in FIXED_PATHS else OTHER
    return template if template.startswith("/v1/") or template in _OPERATIONS else "page"
