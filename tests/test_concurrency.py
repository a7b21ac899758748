"""Several at once, and never more than that."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from kantu.concurrency import in_parallel, patiently
from kantu.errors import OverloadedError, error


def test_each_item_comes_back_with_what_came_of_it() -> None:
    assert sorted(in_parallel(lambda n: n * n, range(20), 3)) == [(n, n * n) for n in range(20)]


def test_no_more_are_taken_than_run() -> None:
    taken = handed_out = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(20):
            taken += 1
            assert taken - handed_out <= 3
            yield item

    for _ in in_parallel(lambda item: item, items(), 3):
        handed_out += 1
    assert handed_out == 20


def test_they_run_together() -> None:
    together = threading.Barrier(4, timeout=30)  # breaks where fewer than four come
    assert len(list(in_parallel(lambda _: together.wait(), range(8), 4))) == 8


def test_what_fails_is_raised_after_what_came_before() -> None:
    found = []
    with pytest.raises(ZeroDivisionError):
        found += in_parallel(lambda n: 6 // n, (3, 2, 0, 1), 1)
    done = in_parallel(lambda n: 6 // n, (3, 0), 1)
    assert next(done) == (3, 2)


def test_who_is_full_is_asked_again() -> None:
    answers = [error("overloaded", retry_after_seconds=0), error("overloaded", retry_after_seconds=0), "ok"]

    def ask() -> str:
        found = answers.pop(0)
        if isinstance(found, OverloadedError):
            raise found
        return str(found)

    assert patiently(ask) == "ok"


def test_but_not_for_ever() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        raise error("overloaded", retry_after_seconds=0)

    with pytest.raises(OverloadedError):
        patiently(ask)
    assert len(asked) == 5
