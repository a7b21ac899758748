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
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from kantu.errors import (
    AuthenticationError,
    ConflictError,
    DeadlineExceededError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    NotFoundError,
    OutOfMemoryError,
    OverloadedError,
    PermissionDeniedError,
    StoreError,
    UpstreamError,
)
from kantu.processing.validation import fault
from kantu.service.http.no_such_address import endpoint_not_found
from kantu.service.language import Language, language_of

_log = logging.getLogger(__name__)

# The first class that fits decides. What cannot succeed by asking again is never a status that clients retry blindly.
_STATUS: tuple[tuple[type[KantuError], int], ...] = (
    (InvalidRequestError, 400),
    (AuthenticationError, 401),
    (PermissionDeniedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (OutOfMemoryError, 413),
    (LimitExceededError, 429),
    (UpstreamError, 502),
    (OverloadedError, 503),
    (StoreError, 503),
    (DeadlineExceededError, 504),
    (KantuError, 500),
)
_STATUS_OF_CODE = {
    "body_too_large": 413,
    "file_too_large": 413,
    "body_too_slow": 408,
    "endpoint_not_found": 404,
    "headers_too_large": 431,
    "method_not_allowed": 405,
    "range_not_satisfiable": 416,
    "unsupported_content_encoding": 415,
    "unsupported_media_type": 415,
    "storage_quota_exceeded": 413,
    "store_full": 507,
}
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
_NO_RETRY = (413, 504, 507)
_STORE_RETRY_SECONDS = 5.0


def status_of(error: KantuError) -> int:
    """The HTTP status of an error."""
    code = _STATUS_OF_CODE.get(error.code)
    return code or next(status for kind, status in _STATUS if isinstance(error, kind))


def envelope(error: KantuError, language: Language) -> dict[str, Any]:
    """What a client reads: OpenAI's shape."""
    status = status_of(error)
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = error.message if language == "zh" else error.message_en
    return {"error": {"message": message, "type": kind, "param": error.param, "code": error.code}}


def headers_of(error: KantuError) -> dict[str, str]:
    """When asking again is worth it, for those who look (`x-should-retry` is read by OpenAI's clients)."""
    status = status_of(error)
    if status in _NO_RETRY:
        return {"x-should-retry": "false"}
    if error.code == "unsupported_content_encoding":
        return {"Accept-Encoding": "identity"}  # RFC 9110, section 15.5.16
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, OverloadedError):
        seconds = error.retry_after_seconds
    elif isinstance(error, StoreError):
        seconds = _STORE_RETRY_SECONDS
    else:
        return {}
    if math.isinf(seconds):
        return {"x-should-retry": "false"}
    headers = {"Retry-After": str(max(1, math.ceil(seconds))), "retry-after-ms": str(max(1, math.ceil(seconds * 1000)))}
    # each further try is to cost a connection
    return headers | {"connection": "close"} if error.code == "too_many_wrong_keys" else headers


def error_response(error: KantuError, accept_language: str | None) -> JSONResponse:
    """The whole answer to a request that failed."""
    return JSONResponse(envelope(error, language_of(accept_language)), status_of(error), headers_of(error))


def internal_error() -> KantuError:
    """What a client hears of a defect of ours: nothing that could quote a request."""
    return KantuError(
        "internal_error",
        "服务内部出错，已记录；请稍后重试，并把响应头 x-request-id 告诉管理员。",
        "The service failed and has logged it; try again later, and tell the administrator the x-request-id header.",
    )


def validation_error(error: ValidationError | RequestValidationError, body: object) -> InvalidRequestError:
    """The first thing that a schema of ours does not accept. Values are never quoted.

    Args:
        body: what was checked.
    """
    errors = error.errors()
    first = errors[0]
    if first["type"] == "json_invalid":
        return invalid_json()
    place = first["loc"][0] if isinstance(error, RequestValidationError) else "body"
    if place == "body":
        found = fault([{**one, "loc": _in_body(one["loc"])} for one in errors], body)
    else:  # of the URL only the names are known here
        names = first["loc"][1:]
        known = {} if first["type"] == "missing" else dict.fromkeys(names)
        found = fault([{**first, "loc": names}], known)
    if found is not None:
        return found
    if place == "query":
        return InvalidRequestError(
            "unknown_parameter", "网址里有不认识的参数。", "The URL has a parameter that is unknown."
        )
    return InvalidRequestError(  # the body itself, or a name that is no name
        "invalid_body",
        "请求体的结构无效：应为 JSON 对象，并带 Content-Type: application/json。",
        "The body's structure is invalid: it must be a JSON object, with Content-Type: application/json.",
    )


def _in_body(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A place without the framework's name for the body, except where the body as a whole is the place."""
    return location[1:] if location[:1] == ("body",) and len(location) > 1 else location


def install(app: FastAPI) -> None:
    """Answer every failure of `app` in our envelope."""

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, KantuError)
        request.state.error_code = error.code
        return error_response(error, request.headers.get("accept-language"))

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
        405: InvalidRequestError(
            "method_not_allowed", "这个地址不接受此方法。", "The endpoint does not take this method."
        ),
        413: body_too_large(),
        415: InvalidRequestError(
            "unsupported_media_type", "请求体的 Content-Type 不受支持。", "The body's Content-Type is not supported."
        ),
    }
    if status in known:
        return known[status]
    if status == 400:  # which is said of nothing but a body that cannot be parsed
        return invalid_json()
    if status < 500:
        return InvalidRequestError("invalid_request", "请求无效。", "The request is invalid.")
    return internal_error()


def invalid_json() -> InvalidRequestError:
    """A body that no parser of ours reads."""
    return InvalidRequestError(
        "invalid_json", "请求体不是有效的 JSON（UTF-8）。", "The body is not valid JSON (UTF-8)."
    )


def body_too_large() -> InvalidRequestError:
    """A body over the limit."""
    return InvalidRequestError("body_too_large", "请求体太大。", "The request's body is too large.")
