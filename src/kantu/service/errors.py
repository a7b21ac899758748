"""The one place that maps errors to HTTP."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from kantu.errors import KantuError, OverloadedError, error, row_of
from kantu.processing.validation import fault
from kantu.service.dialect import Dialect, dialect_of
from kantu.service.http.no_such_address import endpoint_not_found
from kantu.service.language import Language, language_of

_log = logging.getLogger(__name__)

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_NO_RETRY = (413, 504, 507)  # asking again cannot succeed


def status_of(failure: KantuError) -> int:
    """The HTTP status of an error; one that no request should have met is a defect of ours."""
    row = row_of(failure.code)
    return (row and row.status) or 500


def type_of(status: int, dialect: Dialect = "openai") -> str:
    """What the clients of a dialect call an error of this HTTP status."""
    known, defect = (_TYPES, "server_error") if dialect == "openai" else (_ANTHROPIC_TYPES, "api_error")
    return known.get(status, "invalid_request_error" if status < 500 else defect)


def envelope(failure: KantuError, language: Language, dialect: Dialect = "openai") -> dict[str, Any]:
    """What a client reads, in the shape of its dialect."""
    message = failure.message if language == "zh" else failure.message_en
    kind = type_of(status_of(failure), dialect)
    if dialect == "openai":
        return {"error": {"message": message, "type": kind, "param": failure.param, "code": failure.code}}
    details = {"error_code": failure.code, "param": failure.param}  # where Anthropic's clients look for a code
    return {"type": "error", "error": {"type": kind, "message": message, "details": details}}


def headers_of(failure: KantuError) -> dict[str, str]:
    """When asking again is worth it, for those who look (`x-should-retry` is read by OpenAI's clients)."""
    status, row = status_of(failure), row_of(failure.code)
    if status in _NO_RETRY:
        return {"x-should-retry": "false"}
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    own = dict(row.headers) if row else {}
    seconds = row.retry_after_seconds if row else None
    if isinstance(failure, OverloadedError):
        seconds = failure.retry_after_seconds
    if seconds is None:
        return own
    if math.isinf(seconds):
        return {"x-should-retry": "false"}
    return own | {
        "Retry-After": str(max(1, math.ceil(seconds))),
        "retry-after-ms": str(max(1, math.ceil(seconds * 1000))),
    }


def error_response(failure: KantuError, scope: Scope) -> JSONResponse:
    """The whole answer to a request that failed."""
    language = language_of(Headers(scope=scope).get("accept-language"))
    body = envelope(failure, language, dialect_of(scope["path"]))
    return JSONResponse(body, status_of(failure), headers_of(failure))


def validation_error(failure: ValidationError | RequestValidationError, body: object) -> KantuError:
    """The first thing that a schema of ours does not accept. Values are never quoted.

    Args:
        body: what was checked.
    """
    errors = failure.errors()
    first = errors[0]
    if first["type"] == "json_invalid":
        return error("invalid_json")
    place = first["loc"][0] if isinstance(failure, RequestValidationError) else "body"
    if place == "body":
        found = fault([{**one, "loc": _in_body(one["loc"])} for one in errors], body)
    else:  # of the URL only the names are known here
        names = first["loc"][1:]
        known = {} if first["type"] == "missing" else dict.fromkeys(names)
        found = fault([{**first, "loc": names}], known)
    if found is not None:
        return found
    if place == "query":
        return error("unknown_parameter.query")
    return error("invalid_body")


def _in_body(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A place without the framework's name for the body, except where the body as a whole is the place."""
    return location[1:] if location[:1] == ("body",) and len(location) > 1 else location


def install(app: FastAPI) -> None:
    """Answer every failure of `app` in our envelope."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, KantuError)
        request.state.error_code = error.code
        return error_response(error, request.scope)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return await ours(request, validation_error(error, error.body))

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        response = await ours(request, _from_http(error.status_code, request.scope["path"]))
        if error.status_code == 405:
            response.headers["Allow"] = ", ".join(_methods(app, request.scope))
        return response

    app.add_exception_handler(KantuError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _methods(app: FastAPI, scope: Scope) -> list[str]:
    """What the endpoints at an address take (RFC 9110, section 15.5.6); HEAD wherever GET works."""
    found = {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in app.routes)
    }
    return sorted(found | {"HEAD"} if "GET" in found else found)


def _from_http(status: int, path: str) -> KantuError:
    """What the framework itself refuses."""
    known: Mapping[int, KantuError] = {
        404: endpoint_not_found(path),
        405: error("method_not_allowed"),
        413: error("body_too_large"),
        415: error("unsupported_media_type"),
    }
    if status in known:
        return known[status]
    if status == 400:  # which is said of nothing but a body that cannot be parsed
        return error("invalid_json")
    if status < 500:
        return error("invalid_request")
    return error("internal_error")
