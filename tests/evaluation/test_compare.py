"""Whether a difference between two runs is real is told from the pictures they share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.compare import compare
from kantu.evaluation.results import Answer
from tests.evaluation.asked import answer, item


def results(right: Callable[[int, int], bool], pictures: int = 40, questions: int = 3) -> dict[str, Answer]:
    """Of a run that answers question q of picture p right where `right(p, q)`."""
    asked = [(item(f"{q}", picture=f"{p}.png"), right(p, q)) for p in range(pictures) for q in range(questions)]
    return {one.key: answer(one, "9.9" if good else "8") for one, good in asked}


def test_a_clear_loss_is_real_and_worse() -> None:
    overall, *groups = compare(results(lambda p, q: p % 2 == 0), results(lambda p, q: True))
    assert (overall.points, overall.questions, overall.pictures) == (-50.0, 120, 40)
    assert overall.low < -50 < overall.high < 0
    assert overall.is_real
    assert overall.is_worse(1.0)
    assert not overall.is_worse(60.0)
    assert all(group.is_worse(1.0) for group in groups)


def test_a_small_loss_by_chance_is_not_worse() -> None:
    overall, *_ = compare(results(lambda p, q: (p, q) != (0, 0)), results(lambda p, q: (p, q) != (1, 0)))
    assert overall.points == 0
    fewer, *_ = compare(results(lambda p, q: p > 0), results(lambda p, q: True))
    assert fewer.points == pytest.approx(-2.5)
    assert not fewer.is_real
    assert not fewer.is_worse(1.0)


def test_questions_of_one_picture_count_as_one_draw() -> None:
    """The same losses, all on one picture or spread over all, are not equally sure."""
    gathered, *_ = compare(results(lambda p, q: p > 1), results(lambda p, q: True))
    spread, *_ = compare(results(lambda p, q: not (q == 0 and p < 6)), results(lambda p, q: True))
    assert gathered.points == spread.points
    assert gathered.high - gathered.low > spread.high - spread.low


def test_only_what_both_were_asked_counts_and_small_groups_are_left_out() -> None:
    ours, theirs = results(lambda p, q: True), results(lambda p, q: True, pictures=10)
    (overall, by_origin, by_kind) = compare(ours, theirs)
    assert overall.questions == by_origin.questions == by_kind.questions == 30
    (alone,) = compare(ours, results(lambda p, q: True, pictures=5))
    assert (alone.family, alone.questions) == ("", 15)


def test_it_is_the_same_every_time() -> None:
    ours, theirs = results(lambda p, q: p % 3 > 0), results(lambda p, q: p % 4 > 0)
    assert compare(ours, theirs) == compare(ours, theirs)


def test_runs_that_share_nothing_cannot_be_compared() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compare(results(lambda p, q: True), {})
    assert caught.value.code == "nothing_to_compare"
