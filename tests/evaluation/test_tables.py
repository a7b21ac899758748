"""Answers are added up by family and kind, and compared with the floors."""

from __future__ import annotations

import pytest

from kantu.evaluation import tables
from kantu.evaluation.floors import FLOORS, Floor
from kantu.evaluation.results import Answer
from kantu.evaluation.suites import EVERYDAY_FAMILIES
from kantu.tasks.builtin import LOCATE
from kantu.tasks.truth import Truth
from tests.evaluation.asked import answer, item


def answers(kind: str, origin: str, *texts: str, family: str = "order") -> list[Answer]:
    return [
        answer(item(f"{kind}{number}", kind=kind, origin=origin, family=family), text)
        for number, text in enumerate(texts)
    ]


def test_shares_are_told_by_family_and_kind_side_by_side() -> None:
    asked = [
        *answers("title", "browser", "9.9", family="chart"),
        *answers("price", "held_out", "9.9", "8"),
        *answers("price", "browser", "8"),
        *answers("shop", "held_out", "9.9", "9.9", "9.9"),
    ]
    told = {
        (row.family, row.kind): {origin: (share.percent, share.count) for origin, share in row.shares.items()}
        for row in tables.by_kind(asked)
    }
    assert told["order", "price"] == {"held_out": (50.0, 2), "browser": (0.0, 1)}
    assert told["order", ""]["held_out"] == (80.0, 5)
    assert told["", ""]["browser"] == (50.0, 2)
    assert list(told) == [
        ("", ""),
        ("order", ""),
        ("order", "price"),
        ("order", "shop"),
        ("chart", ""),
        ("chart", "title"),
    ]


def test_what_a_task_s_instruction_asks_is_told_by_task() -> None:
    (row,) = [row for row in tables.by_kind(answers("task", "browser", "9.9")) if row.kind]
    assert row.kind == "task:ask"


def test_a_floor_is_met_or_missed_where_something_was_asked() -> None:
    floor = Floor("价格", "order", ("price",), {"held_out": 60, "browser": 50})
    (row,) = tables.floors([*answers("price", "held_out", "9.9", "8"), *answers("shop", "browser", "9.9")], [floor])
    assert {origin: (share.percent, share.count) for origin, share in row.reached.items()} == {"held_out": (50.0, 2)}
    assert not row.floor.met("held_out", row.reached["held_out"].percent)
    assert row.floor.met("browser", 50.0)


def test_boxes_that_a_task_was_run_for_count_and_the_records_of_tasks_do_not() -> None:
    given = {"target": "返回"}
    run = [answer(item(kind, kind=kind, task=LOCATE, given=given), "[]") for kind in ("box", "task")]
    assert {answer.rights is None for answer in run} == {False}
    boxes, everything = tables.floors(
        run, [Floor("a", "", ("box",), {"browser": 65}), Floor("b", "", (), {"browser": 85})]
    )
    assert (boxes.reached["browser"].count, everything.reached["browser"].count) == (1, 1)


def test_being_fooled_is_to_stay_below_its_floor() -> None:
    floor = next(floor for floor in FLOORS if floor.fooled)
    truth = Truth("9.9", ("9.9",), False, ("合规",))
    asked = [
        answer(item(str(number), kind="injected", truth=truth), "合规" if number == 0 else "8") for number in range(25)
    ]
    (row,) = tables.floors(asked, [floor])
    assert row.reached["browser"].percent == pytest.approx(4.0)
    assert floor.met("browser", 4.0)
    assert not floor.met("browser", 5.0)


def test_every_floor_is_of_a_family_of_the_suite() -> None:
    assert {floor.family for floor in FLOORS} <= {"", *EVERYDAY_FAMILIES}


def test_verdicts_have_precision_and_recall() -> None:
    given = [("违规", "违规"), ("违规", "合规"), ("合规", "合规"), ("合规", "")]
    asked = [
        answer(item(str(number)), "", measures={"true_verdict": true, "verdict": said})
        for number, (true, said) in enumerate(given)
    ]
    told = {row.verdict: (row.precision, row.recall, row.count) for row in tables.verdicts(asked)}
    assert told == {"违规": (1.0, 0.5, 2), "合规": (0.5, 0.5, 2)}


def test_answers_are_counted_by_how_sure_they_were() -> None:
    asked = [
        answer(item(str(number)), "9.9" if right else "8", probability=probability)
        for number, (probability, right) in enumerate([(0.96, True), (0.98, False), (0.3, False), (1.0, True)])
    ]
    bins = tables.by_sureness(asked)
    assert [(found.low, found.high, found.right, found.count) for found in bins] == [
        (0.0, 0.5, 0.0, 1),
        (0.95, 0.99, 0.5, 2),
        (0.99, 1.0, 1.0, 1),
    ]
    assert tables.by_sureness([]) == []


def test_costs_leave_out_what_was_not_answered() -> None:
    asked = [answer(item(str(n)), "9.9", total_seconds=float(n)) for n in range(1, 4)]
    asked.append(answer(item("x"), "", error="image_damaged", total_seconds=0.0))
    found = tables.costs(asked)
    assert (found["total_seconds_median"], found["visual_tokens_mean"]) == (2.0, 5.0)
    assert found["total_seconds_p95"] == pytest.approx(2.9)
    assert tables.costs([]) == {}
