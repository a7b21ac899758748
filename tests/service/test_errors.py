"""Errors over HTTP: their status, their envelope, and what headers tell clients to do about them."""

from __future__ import annotations

import json
import math
import pickle
from typing import Annotated, Literal

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kantu.errors import (
    AuthenticationError,
    CancelledError,
    ConflictError,
    DeadlineExceededError,
    EngineError,
    ImageError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    NotFoundError,
    NotReadyError,
    OutOfMemoryError,
    OverloadedError,
    PermissionDeniedError,
    PromptTooLongError,
    StoreError,
    UpstreamError,
    error,
)
from kantu.errors.catalogue import ROWS
from kantu.service.errors import envelope, error_response, headers_of, status_of, type_of, validation_error

STATUSES: dict[type[KantuError], int] = {
    InvalidRequestError: 400,
    ImageError: 400,
    PromptTooLongError: 400,
    AuthenticationError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    OutOfMemoryError: 413,
    LimitExceededError: 429,
    EngineError: 500,
    CancelledError: 500,
    KantuError: 500,
    UpstreamError: 502,
    OverloadedError: 503,
    NotReadyError: 503,
    StoreError: 503,
    DeadlineExceededError: 504,
}
OF_CODES = {
    "body_too_large": 413,
    "file_too_large": 413,
    "storage_quota_exceeded": 413,
    "body_too_slow": 408,
    "headers_too_large": 431,
    "method_not_allowed": 405,
    "range_not_satisfiable": 416,
    "unsupported_content_encoding": 415,
    "unsupported_media_type": 415,
    "store_full": 507,
}
ANSWERING = {key: row for key, row in ROWS.items() if row.status is not None}


@pytest.mark.parametrize("key", ANSWERING)
def test_a_code_has_its_own_status_or_that_of_its_class(key: str) -> None:
    code, row = key.partition(".")[0], ROWS[key]
    assert row.status == OF_CODES.get(code, STATUSES[row.kind])
    extra = {"retry_after_seconds": 1.0} if issubclass(row.kind, OverloadedError) else {}
    assert status_of(row.kind(code, "", "", **extra)) == row.status


def test_what_no_request_should_have_met_is_a_defect() -> None:
    assert status_of(error("invalid_turn")) == 500
    assert status_of(KantuError("no_such_code", "", "")) == 500


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (409, "conflict_error"),
        (413, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
        (507, "server_error"),
    ],
)
def test_a_status_has_a_type(status: int, name: str) -> None:
    assert type_of(status) == name


# the envelope


def test_the_envelope_is_in_the_language_that_the_client_reads() -> None:
    missing = error("file_not_found", param="messages")
    said = {"type": "not_found_error", "param": "messages", "code": "file_not_found"}
    assert envelope(missing, "zh") == {"error": {"message": "没有这个文件，或它已过期。", **said}}
    assert envelope(missing, "en") == {"error": {"message": "No such file, or it has expired.", **said}}


def test_anthropic_s_clients_read_their_own_envelope_at_their_addresses() -> None:
    failure = error("invalid_parameter", param="max_tokens")
    for path in ("/v1/messages", "/v1/messages/count_tokens", "/v1/messages/nothing"):
        body = json.loads(error_response(failure, {"type": "http", "path": path, "headers": []}).body)
        assert body == envelope(failure, "zh", "anthropic")
        assert body["type"] == "error"
        assert body["error"] == {
            "type": "invalid_request_error",
            "message": failure.message,
            "details": {"error_code": "invalid_parameter", "param": "max_tokens"},
        }
    body = json.loads(error_response(failure, {"type": "http", "path": "/v1/messages2", "headers": []}).body)
    assert body == envelope(failure, "zh")


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (405, "invalid_request_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
    ],
)
def test_a_status_has_a_type_of_anthropic_s(status: int, name: str) -> None:
    assert type_of(status, "anthropic") == name


def test_a_whole_answer() -> None:
    scope = {"type": "http", "path": "/v1/models", "headers": [(b"accept-language", b"en-GB")]}
    answer = error_response(error("too_many_wrong_keys", retry_after_seconds=2.5), scope)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["retry-after"] == "3"
    assert b"Valid keys are not affected." in answer.body


def test_a_defect_says_nothing_of_itself() -> None:
    defect = error("internal_error")
    assert (status_of(defect), defect.param) == (500, None)
    assert "x-request-id" in defect.message
    assert "x-request-id" in defect.message_en


# headers


@pytest.mark.parametrize("key", ["overloaded", "engine_not_ready", "visual_token_limit_exceeded"])
@pytest.mark.parametrize(
    ("seconds", "whole", "milliseconds"),
    [(2.5, "3", "2500"), (0.0, "1", "1"), (0.0101, "1", "11"), (60.0, "60", "60000")],
)
def test_when_to_come_back(key: str, seconds: float, whole: str, milliseconds: str) -> None:
    failure = error(key, retry_after_seconds=seconds, amount=2, limit=1, period="", whose="")
    assert headers_of(failure) == {"Retry-After": whole, "retry-after-ms": milliseconds}


def test_what_no_waiting_helps_invites_nobody_to_come_back() -> None:
    never = error("request_limit_exceeded", retry_after_seconds=math.inf, limit=1, period="", whose="")
    assert headers_of(never) == {"x-should-retry": "false"}


@pytest.mark.parametrize("key", ["store_unavailable", "file_content_missing"])
def test_a_store_that_is_away_may_be_back_in_five_seconds(key: str) -> None:
    assert headers_of(error(key)) == {"Retry-After": "5", "retry-after-ms": "5000"}


@pytest.mark.parametrize("key", ["out_of_memory", "deadline_exceeded", "store_full", "body_too_large"])
def test_what_cannot_succeed_is_not_to_be_tried_again(key: str) -> None:
    assert headers_of(error(key)) == {"x-should-retry": "false"}


def test_other_headers() -> None:
    assert headers_of(error("missing_api_key")) == {"WWW-Authenticate": "Bearer"}
    assert headers_of(error("unsupported_content_encoding")) == {"Accept-Encoding": "identity"}
    assert headers_of(error("too_many_wrong_keys", retry_after_seconds=1.0))["connection"] == "close"
    for key in ("invalid_json", "batch_not_found", "batch_not_cancellable", "engine_failed", "upstream_timeout"):
        assert headers_of(error(key)) == {}


# what a schema refuses


class Text(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]
    number: int


class Picture(BaseModel):
    type: Literal["picture"]


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: str | list[Annotated[Text | Picture, Field(discriminator="type")]]


TEXT = {"type": "text", "number": 1}


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"inner": [], "秘密 tools": 1}, "invalid_body", None),
        ({"inner": [], "tools": 1}, "unknown_parameter", "tools"),
        ({}, "missing_parameter", "inner"),
        ({"inner": 1}, "invalid_parameter", "inner"),
        ([], "invalid_body", None),
        ("秘密", "invalid_body", None),
    ],
)
def test_a_schema_says_what_it_does_not_accept_and_not_what_was_sent(
    body: object, code: str, param: str | None
) -> None:
    failure = refused(Outer, body)
    assert (failure.code, failure.param) == (code, param)
    assert "秘密" not in failure.message + failure.message_en


class Listed(BaseModel):
    inner: list[Annotated[Text | Picture, Field(discriminator="type")]]


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        ({"type": "text"}, "missing_parameter", "inner.1.number"),
        ({"type": "text", "number": "秘密"}, "invalid_parameter", "inner.1.number"),
        ({"type": "text", "number": 1, "more": 1}, "unknown_parameter", "inner.1.more"),
        ({"type": "秘密"}, "invalid_parameter", "inner.1.type"),
        ("秘密", "invalid_parameter", "inner.1"),
    ],
)
def test_places_are_named_as_the_client_named_them(item: object, code: str, param: str) -> None:
    """pydantic says inner.1.text.number: which branch of the union it took."""
    failure = refused(Listed, {"inner": [TEXT, item]})
    assert (failure.code, failure.param) == (code, param)
    assert "秘密" not in failure.message + failure.message_en


def refused(schema: type[BaseModel], body: object) -> KantuError:
    with pytest.raises(ValidationError) as caught:
        schema.model_validate(body)
    return validation_error(caught.value, body)


@pytest.mark.parametrize(
    ("kind", "location", "code", "param"),
    [
        ("missing", ("body", "messages"), "missing_parameter", "messages"),
        ("missing", ("body",), "missing_parameter", "body"),
        ("missing", ("query", "limit"), "missing_parameter", "limit"),
        ("json_invalid", ("body", 3), "invalid_json", None),
        ("extra_forbidden", ("query", "limt"), "unknown_parameter", "limt"),
        ("extra_forbidden", ("query", ""), "unknown_parameter", None),
        ("int_parsing", ("query", "limit"), "invalid_parameter", "limit"),
    ],
)
def test_the_framework_s_places(kind: str, location: tuple[str | int, ...], code: str, param: str | None) -> None:
    failure = validation_error(RequestValidationError([{"type": kind, "loc": location, "msg": "", "input": {}}]), {})
    assert (failure.code, failure.param) == (code, param)


# between processes


@pytest.mark.parametrize("key", ["image_damaged", "overloaded", "store_unavailable", "too_many_wrong_keys"])
def test_errors_survive_the_way_between_processes(key: str) -> None:
    failure = error(key, retry_after_seconds=2.5)
    copy = pickle.loads(pickle.dumps(failure))
    assert type(copy) is type(failure)
    assert vars(copy) == vars(failure)
    assert headers_of(copy) == headers_of(failure)
