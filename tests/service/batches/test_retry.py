"""Which failures are waited out."""

from __future__ import annotations

import math

import pytest

from kantu.errors import (
    AuthenticationError,
    CancelledError,
    DeadlineExceededError,
    EngineError,
    InvalidRequestError,
    KantuError,
    LimitExceededError,
    NotReadyError,
    OutOfMemoryError,
    OverloadedError,
    StoreError,
    UpstreamError,
)
from kantu.service.batches.retry import Wait, backoff_seconds, wait_for


def test_whoever_has_used_up_a_limit_waits_for_the_next_window() -> None:
    error = LimitExceededError("x", "", "", retry_after_seconds=40_000)
    assert wait_for(error, 1) == wait_for(error, 1000) == Wait(40_000, "batch")


def test_a_line_larger_than_a_whole_limit_has_failed() -> None:
    assert wait_for(LimitExceededError("x", "", "", retry_after_seconds=math.inf), 1) is None


@pytest.mark.parametrize("kind", [OverloadedError, NotReadyError])
def test_all_make_way_when_the_service_is_busy(kind: type[OverloadedError | NotReadyError]) -> None:
    assert wait_for(kind("x", "", "", retry_after_seconds=7), 1000) == Wait(7, "all")
    assert wait_for(kind("x", "", "", retry_after_seconds=0), 1) == Wait(0.5, "all")
    assert wait_for(kind("x", "", "", retry_after_seconds=9999), 1) == Wait(60, "all")


@pytest.mark.parametrize(
    "error",
    [StoreError("x", "", ""), CancelledError("x", "", ""), UpstreamError("upstream_unreachable", "", "")],
)
def test_what_is_away_is_waited_for_without_end(error: KantuError) -> None:
    assert [wait_for(error, tries) for tries in (1, 2, 3, 1000)] == [Wait(s, "all") for s in (1, 2, 4, 60)]


def test_what_may_be_the_lines_own_doing_is_tried_a_few_times() -> None:
    crash, failure = EngineError("engine_crashed", "", ""), UpstreamError("upstream_failed", "", "")
    assert [wait_for(crash, tries) for tries in (1, 2, 3)] == [Wait(1, "all"), Wait(2, "all"), None]
    assert wait_for(failure, 19) == Wait(60, "batch")
    assert wait_for(failure, 20) is None


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("x", "", ""),
        AuthenticationError("revoked_api_key", "", ""),
        OutOfMemoryError("x", "", ""),
        DeadlineExceededError("x", "", ""),
        UpstreamError("upstream_filtered", "", ""),
    ],
)
def test_what_would_fail_again_is_recorded(error: KantuError) -> None:
    assert wait_for(error, 1) is None


def test_backoff_is_bounded() -> None:
    assert [backoff_seconds(tries) for tries in (1, 2, 6, 7, 10**9)] == [1, 2, 32, 60, 60]
