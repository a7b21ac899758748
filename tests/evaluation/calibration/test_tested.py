"""How a calibration does on records that it was not fitted on."""

from __future__ import annotations

import pytest

from kantu.evaluation.calibration.fit import fit
from kantu.evaluation.calibration.tested import by_kind, by_task, wholes_told
from kantu.solve.calibration import Calibration
from tests.evaluation.calibration.drawn import ORIGIN, records


def test_kinds_are_told_before_and_after_the_most_frequent_first() -> None:
    made = fit(records(600), ORIGIN)
    unseen = [*records(600, seed=1), *records(90, paths=("amount",), seed=2)]
    rows = by_kind(unseen, made)
    assert [(row.kind, row.after.count) for row in rows] == [("", 1290), ("order.amount", 690), ("order.status", 600)]
    assert all(row.after.error < row.before.error for row in rows)
    assert all(row.after.right == row.before.right for row in rows)
    assert by_kind([], made) == []


def test_whole_records_are_told_by_task_with_what_their_threshold_does() -> None:
    made = fit([*records(600), *records(600, task="ask", paths=("",), boast=0.05)], ORIGIN, let_through=0.05)
    order, ask = by_task([*records(600, seed=1), *records(600, task="ask", paths=("",), boast=0.05, seed=1)], made)
    assert (order.task, ask.task) == ("order", "ask")
    assert order.whole.error < 0.08
    assert order.point.reviewed > 0.9  # it is seldom sure
    assert ask.point.threshold == made.threshold("ask")
    assert ask.point.reviewed < 0.5
    assert ask.point.wrong < 0.08


def test_a_record_is_before_what_it_is_without_a_calibration() -> None:
    (record,) = records(1)
    told = wholes_told([record], Calibration(), "order")
    assert told.raw == told.confidence == pytest.approx([record.fields[0].raw * record.fields[1].raw])
    assert wholes_told([record], Calibration(), "chart").right == ()
