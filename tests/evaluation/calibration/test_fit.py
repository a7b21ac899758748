"""From judged records to a calibration."""

from __future__ import annotations

import numpy as np
import pytest

from kantu.evaluation.calibration.fit import fit, threshold
from kantu.evaluation.reliability import at_threshold, measure
from kantu.solve.calibration import Calibration
from tests.evaluation.calibration.drawn import ORIGIN, records

pytestmark = pytest.mark.whole


def test_unseen_fields_of_a_boastful_model_become_true() -> None:
    made = fit(records(900), ORIGIN)
    fields = [(record.picture, field) for record in records(900, seed=1) for field in record.fields]
    right, pictures = [field.right for _, field in fields], [picture for picture, _ in fields]
    before = measure([field.raw for _, field in fields], right, pictures)
    after = measure([made.confidence(field.kind, field.raw) for _, field in fields], right, pictures)
    assert before.error > 0.12
    assert after.error < 0.05
    assert after.brier < before.brier


def test_a_kind_with_few_samples_leans_on_its_task_and_a_new_one_has_its_map() -> None:
    rare = records(4, paths=("shop",), boast=0.01, seed=2)  # right whatever it says
    made = fit([*records(900), *rare], ORIGIN)
    assert made.confidence("order.shop", 0.5) == pytest.approx(0.25, abs=0.2)
    assert made.confidence("order.shop", 0.5) >= made.confidence("order.amount", 0.5)
    assert made.confidence("order.new", 0.5) == made.curves["order"](0.5)
    assert made.confidence("chart.title", 0.5) == made.curves[""](0.5)


def test_kinds_that_differ_have_maps_that_differ() -> None:
    humble = records(600, paths=("status",), boast=0.5, seed=3)
    made = fit([*records(600, paths=("amount",), boast=3.0), *humble], ORIGIN)
    assert made.confidence("order.status", 0.5) == pytest.approx(0.5**0.5, abs=0.1)
    assert made.confidence("order.amount", 0.5) == pytest.approx(0.5**3, abs=0.1)


@pytest.mark.parametrize(("together", "expected"), [(False, (0.0, 0.4)), (True, (0.8, 1.0))])
def test_fields_that_are_wrong_together_are_found_out(together: bool, expected: tuple[float, float]) -> None:
    paths = ("status", "amount", "order_number")
    made = fit(records(900, paths=paths, boast=1.0, together=together), ORIGIN)
    assert expected[0] <= made.togetherness <= expected[1]
    unseen = records(900, paths=paths, boast=1.0, together=together, seed=1)
    whole = [made.whole("order", {f.path: made.confidence(f.kind, f.raw) for f in each.fields}) for each in unseen]
    found = measure(whole, [each.right for each in unseen], [each.picture for each in unseen])
    assert found.error < 0.06


def test_a_record_of_one_field_is_as_sure_as_that() -> None:
    made = fit(records(300, task="ask", paths=("",)), ORIGIN)
    assert made.whole("ask", {"": 0.37}) == pytest.approx(0.37)


def test_the_threshold_keeps_to_what_may_be_let_through() -> None:
    made = fit(records(2000, task="ask", paths=("",), boast=0.1), ORIGIN, let_through=0.05)
    assert 0 < made.threshold("ask") < 0.98
    unseen = records(2000, task="ask", paths=("",), boast=0.1, seed=1)
    sure = [made.confidence("ask", each.fields[0].raw) for each in unseen]
    point = at_threshold(sure, [each.right for each in unseen], made.threshold("ask"))
    assert point.wrong < 0.07
    assert point.reviewed < 0.9


def test_a_threshold_needs_enough_right_answers() -> None:
    assert threshold([0.9] * 30, [True] * 30, 0.02) is None
    assert threshold([0.9] * 60, [True] * 60, 0.02) == 0.9
    assert threshold([0.9] * 60 + [0.5] * 40, [True] * 60 + [False] * 40, 0.02) == 0.9
    assert threshold([0.5] * 60, [True] * 59 + [False], 0.02) is None
    assert fit(records(20), ORIGIN).threshold("order") == 0.98


def test_it_says_what_was_tried_and_on_what() -> None:
    made = fit(records(300), ORIGIN)
    assert made.origin is not None
    assert (made.origin.pictures, made.origin.records, made.origin.fields) == (100, 300, 600)
    tried = made.origin.tried
    assert {trial.method for trial in tried} == {"identity", "platt", "beta", "isotonic"}
    assert list(tried) == sorted(tried, key=lambda trial: trial.log_loss)
    assert tried[-1].method == "identity"
    assert made.origin.chosen in tried[:-1]


def test_a_model_that_is_right_about_itself_is_believed() -> None:
    made = fit(records(900, boast=1.0), ORIGIN)
    for says in (0.4, 0.6, 0.9):
        assert made.confidence("order.amount", says) == pytest.approx(says, abs=0.07)


def test_a_single_picture_is_enough_to_fit_and_the_file_can_be_read() -> None:
    made = fit(records(1), ORIGIN)
    assert Calibration.model_validate_json(made.to_json()) == made


def test_the_same_records_give_the_same_calibration_in_any_order() -> None:
    drawn = records(200)
    shuffled = [drawn[at] for at in np.random.default_rng(0).permutation(len(drawn))]
    first, second = fit(drawn, ORIGIN), fit(shuffled, ORIGIN)
    assert first.confidence("order.amount", 0.7) == pytest.approx(second.confidence("order.amount", 0.7), abs=1e-3)
