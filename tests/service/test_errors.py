"""Errors over HTTP: their status, their envelope, and what headers tell clients to do about them."""

from __future__ import annotations

import inspect
import math
import pickle
from typing import Annotated, Literal

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kantu import errors
from kantu.errors import (
    AuthenticationError,
    CancelledError,
    CheckpointError,
    ConflictError,
    DeadlineExceededError,
    DownloadError,
    EngineError,
    ImageError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    MissingDependencyError,
    ModelNotFoundError,
    NotFoundError,
    NotReadyError,
    OutOfMemoryError,
    OverloadedError,
    PermissionDeniedError,
    PromptTooLongError,
    StoreError,
    UnsupportedModelError,
    UpstreamError,
)
from kantu.service.errors import envelope, error_response, headers_of, internal_error, status_of, validation_error

STATUSES: dict[type[KantuError], tuple[int, str]] = {
    InvalidRequestError: (400, "invalid_request_error"),
    ImageError: (400, "invalid_request_error"),
    PromptTooLongError: (400, "invalid_request_error"),
    AuthenticationError: (401, "authentication_error"),
    PermissionDeniedError: (403, "permission_error"),
    NotFoundError: (404, "not_found_error"),
    ConflictError: (409, "conflict_error"),
    OutOfMemoryError: (413, "invalid_request_error"),
    LimitExceededError: (429, "rate_limit_error"),
    EngineError: (500, "server_error"),
    CancelledError: (500, "server_error"),
    KantuError: (500, "server_error"),
    CheckpointError: (500, "server_error"),
    UnsupportedModelError: (500, "server_error"),
    ModelNotFoundError: (500, "server_error"),
    DownloadError: (500, "server_error"),
    MissingDependencyError: (500, "server_error"),
    UpstreamError: (502, "server_error"),
    OverloadedError: (503, "server_error"),
    NotReadyError: (503, "server_error"),
    StoreError: (503, "server_error"),
    DeadlineExceededError: (504, "server_error"),
}


def made(kind: type[KantuError], code: str = "some_code", *, seconds: float = 2.5) -> KantuError:
    extra = {"retry_after_seconds": seconds} if issubclass(kind, OverloadedError) else {}
    return kind(code, "中文。", "English.", param="messages", **extra)


def test_the_table_has_every_class() -> None:
    classes = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KantuError)}
    assert set(STATUSES) == classes


@pytest.mark.parametrize("kind", STATUSES)
def test_a_class_has_its_status_and_type(kind: type[KantuError]) -> None:
    status, name = STATUSES[kind]
    assert status_of(made(kind)) == status
    assert envelope(made(kind), "zh")["error"]["type"] == name


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (InvalidRequestError, "body_too_large", 413),
        (InvalidRequestError, "file_too_large", 413),
        (InvalidRequestError, "body_too_slow", 408),
        (NotFoundError, "endpoint_not_found", 404),
        (InvalidRequestError, "headers_too_large", 431),
        (InvalidRequestError, "method_not_allowed", 405),
        (InvalidRequestError, "unsupported_content_encoding", 415),
        (InvalidRequestError, "unsupported_media_type", 415),
        (StoreError, "store_full", 507),
    ],
)
def test_some_codes_have_a_status_of_their_own(kind: type[KantuError], code: str, status: int) -> None:
    assert status_of(made(kind, code)) == status


# the envelope


def test_the_envelope_is_in_the_language_that_the_client_reads() -> None:
    error = made(NotFoundError)
    said = {"type": "not_found_error", "param": "messages", "code": "some_code"}
    assert envelope(error, "zh") == {"error": {"message": "中文。", **said}}
    assert envelope(error, "en") == {"error": {"message": "English.", **said}}


def test_a_whole_answer() -> None:
    answer = error_response(made(LimitExceededError), "en-GB")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["retry-after"] == "3"
    assert b"English." in answer.body


def test_a_defect_says_nothing_of_itself() -> None:
    error = internal_error()
    assert (status_of(error), error.code, error.param) == (500, "internal_error", None)
    assert "x-request-id" in error.message
    assert "x-request-id" in error.message_en


# headers


@pytest.mark.parametrize("kind", [OverloadedError, NotReadyError, LimitExceededError])
@pytest.mark.parametrize(
    ("seconds", "whole", "milliseconds"),
    [(2.5, "3", "2500"), (0.0, "1", "1"), (0.0101, "1", "11"), (60.0, "60", "60000")],
)
def test_when_to_come_back(kind: type[KantuError], seconds: float, whole: str, milliseconds: str) -> None:
    assert headers_of(made(kind, seconds=seconds)) == {"Retry-After": whole, "retry-after-ms": milliseconds}


def test_what_no_waiting_helps_invites_nobody_to_come_back() -> None:
    assert headers_of(made(LimitExceededError, seconds=math.inf)) == {"x-should-retry": "false"}


def test_a_store_that_is_away_may_be_back_in_five_seconds() -> None:
    assert headers_of(made(StoreError)) == {"Retry-After": "5", "retry-after-ms": "5000"}


@pytest.mark.parametrize(
    "error",
    [
        made(OutOfMemoryError),
        made(DeadlineExceededError),
        made(StoreError, "store_full"),
        made(InvalidRequestError, "body_too_large"),
    ],
)
def test_what_cannot_succeed_is_not_to_be_tried_again(error: KantuError) -> None:
    assert headers_of(error) == {"x-should-retry": "false"}


def test_other_headers() -> None:
    assert headers_of(made(AuthenticationError)) == {"WWW-Authenticate": "Bearer"}
    assert headers_of(made(InvalidRequestError, "unsupported_content_encoding")) == {"Accept-Encoding": "identity"}
    for kind in (InvalidRequestError, PermissionDeniedError, NotFoundError, ConflictError, EngineError, UpstreamError):
        assert headers_of(made(kind)) == {}


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
    error = refused(Outer, body)
    assert (error.code, error.param) == (code, param)
    assert "秘密" not in error.message + error.message_en


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
    error = refused(Listed, {"inner": [TEXT, item]})
    assert (error.code, error.param) == (code, param)
    assert "秘密" not in error.message + error.message_en


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
    error = validation_error(RequestValidationError([{"type": kind, "loc": location, "msg": "", "input": {}}]), {})
    assert (error.code, error.param) == (code, param)


# between processes


@pytest.mark.parametrize("kind", STATUSES)
def test_errors_survive_the_way_between_processes(kind: type[KantuError]) -> None:
    error = made(kind)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert headers_of(copy) == headers_of(error)
