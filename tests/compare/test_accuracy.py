"""Who is right how often, with paired intervals; where facts are lost; which examples are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kantu.compare import accuracy
from kantu.compare.accuracy import Checked
from kantu.compare.loss import Loss
from tests.compare.made import pair, pairs
from tests.evaluation.asked import item


def test_both_shares_and_the_interval_of_their_difference() -> None:
    found = accuracy.overall(pairs())
    assert (found.ours.percent, found.theirs.percent, found.ours.count) == (75.0, 50.0, 40)
    assert found.difference is not None
    assert found.difference.points == 25.0
    assert found.difference.low < 25 < found.difference.high
    assert found.difference.questions == 40


def test_groups_have_intervals_where_they_have_enough_questions() -> None:
    families = accuracy.by_family(pairs())
    assert [group.name for group in families] == ["order", "chart"]
    assert [group.ours.percent for group in families] == [50.0, 100.0]
    assert all(group.difference is not None and group.difference.questions == 20 for group in families)
    assert all(group.difference is None for group in accuracy.by_family(pairs(20)))


def test_the_hybrid_takes_the_pipelines_answer_where_ours_is_not_verified() -> None:
    asked = item()
    assert accuracy.hybrid_score(pair(asked, ours=False, theirs=True, unverified=True)) == 1
    assert accuracy.hybrid_score(pair(asked, ours=False, theirs=True, unverified=False)) == 0
    assert accuracy.hybrid_score(pair(asked, ours=True, theirs=False, unverified=True)) == 0
    assert accuracy.overall(pairs()).hybrid.percent == pytest.approx(
        100.0
    )  # every wrong one is flagged, and n % 4 == 0


def test_the_check_is_judged_by_what_it_flags() -> None:
    asked = item()
    found = [
        pair(asked, ours=True, theirs=True, unverified=True),
        pair(asked, ours=True, theirs=True),
        pair(asked, ours=False, theirs=True),
        pair(asked, ours=False, theirs=True, unverified=False),
    ]
    assert accuracy.checked(found) == Checked(right=2, right_flagged=1, wrong=2, wrong_flagged=1)


def test_losses_are_counted_by_stage_and_family() -> None:
    found = [
        pair(item("a"), ours=True, theirs=False, loss=Loss("ocr", "9.9")),
        pair(item("b", family="chart"), ours=True, theirs=False),
        pair(item("c"), ours=True, theirs=True),
    ]
    assert accuracy.losses(found) == {
        **{"ocr": 1, "layout": 0, "description": 0},
        **{"model": 1, "finish": 0, "worked_out": 0},
    }
    assert accuracy.losses_by_family(found)["chart"]["model"] == 1


def test_examples_go_both_ways_and_through_the_families() -> None:
    ours = accuracy.won(pairs(), ours=True, most=4)
    assert all(each.ours.score > each.theirs.score for each in ours)
    assert [each.ours.family for each in ours].count("order") == 2
    theirs = accuracy.won(pairs(), ours=False, most=100)
    assert len(theirs) == 10
    assert all(each.theirs.score > each.ours.score for each in theirs)


def test_a_question_that_failed_is_no_example() -> None:
    asked = item()
    failed = pair(asked, ours=True, theirs=False, loss=None)
    failed = replace(failed, theirs=replace(failed.theirs, error="image_too_thin"))
    assert accuracy.won([failed], ours=True, most=1) == []
