"""What is under way is counted, and what would be too much is turned away at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from kantu.errors import OverloadedError
from kantu.service.admission import Admission


def test_requests_are_let_in_up_to_the_limit() -> None:
    admission = Admission(2, 100)
    with admission.request():
        assert not admission.full
        with admission.request():
            assert admission.full
            with pytest.raises(OverloadedError) as refused, admission.request():
                raise AssertionError("let in")
            assert refused.value.code == "too_many_in_flight"
            assert refused.value.retry_after_seconds > 0
        assert not admission.full
    assert admission.requests == 0


def test_a_request_that_fails_is_counted_out() -> None:
    admission = Admission(1, 100)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), admission.request(), admission.picture(100):
            _ = 1 / 0
    assert (admission.requests, admission.pixels) == (0, 0)


def test_pixels_are_let_in_up_to_the_limit() -> None:
    admission = Admission(9, 100)
    with admission.picture(60), admission.picture(40):
        assert admission.pixels == 100
        with pytest.raises(OverloadedError) as refused, admission.picture(1):
            raise AssertionError("let in")
        assert refused.value.code == "too_many_pixels_in_flight"
        assert admission.pixels == 100
    assert admission.pixels == 0


def test_a_request_alone_is_let_in_however_large() -> None:
    admission = Admission(9, 100)
    with admission.picture(1000):
        assert admission.pixels == 1000


def test_a_request_without_pictures_is_never_turned_away_for_pixels() -> None:
    admission = Admission(9, 100)
    with admission.picture(100), admission.picture(0):
        assert admission.pixels == 100


def test_the_fuller_it_is_the_later_one_should_come_again() -> None:
    waits = []
    for pixels in (100, 1000, 10_000):
        admission = Admission(9, 100)
        with ExitStack() as under_way:
            under_way.enter_context(admission.picture(pixels))
            with pytest.raises(OverloadedError) as refused:
                under_way.enter_context(admission.picture(1))
        waits.append(refused.value.retry_after_seconds)
    assert waits == sorted(set(waits))
    assert waits[0] >= 1
