"""Tasks that were run are added up."""

from __future__ import annotations

import pytest

from kantu.evaluation.results import Answer, Told
from kantu.evaluation.task_tables import Reviewed, by_task, sureness, verdicts_by_task
from tests.evaluation.asked import answer, item


def told(confidence: float | None, review: bool, **fields: float) -> Told:
    return Told(confidence, fields, {}, review)


def order(number: int, rights: dict[str, bool], said: Told | None, **more: object) -> Answer:
    asked = item(str(number), picture=f"{number}.png")
    return answer(asked, "{}", rights=rights, told=said, task="order", **more)


ANSWERS = [
    order(1, {"status": True, "amount": True}, told(0.9, False, status=1.0, amount=1.0), score=1.0, total_seconds=1.0),
    order(2, {"status": True, "amount": False}, told(0.8, False, status=1.0, amount=0.0), score=0.5, total_seconds=2.0),
    order(3, {"status": False, "amount": False}, told(0.1, True, status=1.0, amount=0.0), score=0.0, total_seconds=9.0),
    order(4, {"status": True, "amount": True}, told(0.4, True), score=1.0, total_seconds=3.0, placed={"amount": True}),
]


def test_scores_fields_whole_records_boxes_and_seconds() -> None:
    every, row = by_task(ANSWERS)
    assert (every.task, row.task, row.origin) == ("", "order", "browser")
    assert (row.score.mean, row.score.count) == (0.625, 4)
    assert (row.right.mean, row.right.count) == (0.625, 8)
    assert (row.whole.mean, row.whole.count) == (0.5, 4)
    assert (row.boxes.mean, row.boxes.count) == (1.0, 1)
    assert row.seconds == 2.5


def test_what_review_costs_and_what_it_lets_through() -> None:
    assert by_task(ANSWERS)[0].reviewed == Reviewed(sent=0.5, let_through=0.25, wrong=0.5)


def test_confidence_of_fields_and_of_records_against_what_was_right() -> None:
    (row,) = by_task(ANSWERS)[1:]
    assert (row.fields.count, row.records.count) == (6, 4)
    assert row.fields.error == pytest.approx(1 / 6)  # one bin: 4 of 6 said, 3 right
    assert row.fields.equal_width_error == pytest.approx((2 * 0 + 4 * 0.25) / 6)
    assert row.records.error == pytest.approx(0.05)
    assert sum(found.count for found in sureness(ANSWERS)) == 6


def test_a_server_tells_no_confidence_and_reviews_nothing() -> None:
    every, _ = by_task([order(1, {"status": True}, None)])
    assert every.reviewed is None
    assert (every.fields.count, every.records.count) == (0, 0)


def test_verdicts_are_told_by_task() -> None:
    given = [("一致", "一致"), ("一致", "不一致")]
    asked = [
        answer(item(str(number)), "", task="match", rights={}, measures={"true_verdict": true, "verdict": said})
        for number, (true, said) in enumerate(given)
    ]
    (found,) = verdicts_by_task([*asked, *ANSWERS])
    assert (found.task, found.rows[0].precision, found.rows[0].recall) == ("match", 1.0, 0.5)


def test_questions_that_were_merely_asked_are_no_tasks() -> None:
    asked = [answer(item(), "9.9")]
    assert (by_task(asked), verdicts_by_task(asked), sureness(asked)) == ([], [], [])
