"""From the model's probabilities to confidences."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from kantu import hub
from kantu.errors import CheckpointError
from kantu.model.folder import ModelFolder
from kantu.solve.calibration import (
    EVERYTHING,
    FILE,
    Calibration,
    Curve,
    Origin,
    blend,
    kind_of,
    log_odds,
    probability,
    whole_fields,
)

DOUBTING = Curve(points=((-14.0, -14.0), (14.0, 7.0)))


def origin(weights: str = "") -> Origin:
    return Origin(
        suite="everyday",
        suite_version="1",
        model="toy",
        weights=weights,
        precision="float32",
        date="2026-11-29",
        pictures=1,
        records=1,
        fields=2,
    )


def folder(path: Path, weights: bytes = b"w") -> ModelFolder:
    (path / "model.safetensors").write_bytes(weights)
    return ModelFolder.open(path)


def of(model: ModelFolder) -> str:
    return hub.fingerprint(hub.InstalledModel("", model.path, 0, None))


def test_without_a_file_probabilities_stay_as_they_are(tmp_path: Path) -> None:
    found = Calibration.from_folder(folder(tmp_path))
    assert not found.calibrated
    assert found.warnings == ()
    assert found.confidence("order.status", 0.3) == 0.3
    assert found.whole("order", {"status": 0.5, "amount": 0.8}) == pytest.approx(0.4)
    assert found.threshold("order") == 0.5


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = Calibration(
        origin=origin(of(folder(tmp_path))),
        togetherness=0.25,
        thresholds={"order": 0.9},
        wholes={"": DOUBTING},
        curves={"order.status": DOUBTING},
    )
    (tmp_path / FILE).write_text(made.to_json(), "utf-8")
    found = Calibration.from_folder(ModelFolder.open(tmp_path))
    assert found == made
    assert found.calibrated
    assert found.threshold("order") == 0.9
    assert found.threshold("ask") == 0.98


def test_a_calibration_of_other_weights_is_left_unused_and_said(tmp_path: Path) -> None:
    made = Calibration(origin=origin(of(folder(tmp_path))), curves={"": DOUBTING})
    (tmp_path / FILE).write_text(made.to_json(), "utf-8")
    found = Calibration.from_folder(folder(tmp_path, b"trained on"))
    assert not found.calibrated
    assert found.confidence("ask", 0.9) == 0.9
    assert [notice.code for notice in found.warnings] == ["calibration_of_other_weights"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 2}',
        '{"curves": {"": {"points": []}}}',
        '{"curves": {"": {"points": [[0, 1], [1, 0]]}}}',
        '{"curves": {"": {"points": [[1, 0], [0, 1]]}}}',
        '{"curves": {"": {"points": [[0, NaN]]}}}',
        '{"thresholds": {"order": 2}}',
        '{"unheard": 1}',
    ],
)
def test_a_damaged_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(CheckpointError) as caught:
        Calibration.from_folder(folder(tmp_path))
    assert caught.value.code == "checkpoint_file_damaged"


def test_the_closest_curve_holds() -> None:
    never, always = Curve(points=((0.0, -2.0),)), Curve(points=((0.0, 2.0),))
    found = Calibration(curves={"": DOUBTING, "order": never, "order.status": always})
    assert found.confidence("order.status", 0.5) == pytest.approx(probability(2.0))
    assert found.confidence("order.amount", 0.5) == pytest.approx(probability(-2.0))
    assert found.confidence("chart.rows[][]", 0.5) == DOUBTING(0.5)
    assert found.confidence("order_like.status", 0.5) == DOUBTING(0.5)


def test_a_curve_is_straight_in_log_odds_and_level_beyond() -> None:
    curve = Curve(points=((-1.0, -3.0), (1.0, 1.0)))
    assert curve(probability(0.5)) == pytest.approx(probability(0.0))
    assert curve(0.0) == pytest.approx(probability(-3.0))
    assert curve(1.0) == pytest.approx(probability(1.0))
    assert log_odds(probability(3.0)) == pytest.approx(3.0)
    assert math.isfinite(log_odds(0.0))
    assert math.isfinite(log_odds(1.0))


def test_a_record_lies_between_the_product_and_its_weakest_field() -> None:
    assert blend([0.5, 0.8], 0.0) == pytest.approx(0.4)
    assert blend([0.5, 0.8], 1.0) == pytest.approx(0.5)
    assert 0.4 < blend([0.5, 0.8], 0.5) < 0.5
    assert blend([], 0.5) == 1.0
    assert Calibration(wholes={"order": DOUBTING}).whole("order", {"amount": 0.9}) == DOUBTING(0.9)


def test_a_record_is_as_sure_as_its_outermost_fields_that_can_be_wrong() -> None:
    assert whole_fields("order", ["status", "amount", "advice", "reply"]) == ["status", "amount"]
    assert whole_fields("chart", ["title", "rows", "rows[0]", "rows[0][0]", "conclusion"]) == ["title", "rows"]
    assert whole_fields("match", ["verdict", "reasons", "reasons[0]"]) == ["verdict"]
    assert whole_fields("ui", ["[0]", "[0].label", "[1]", "[10]"]) == ["[0]", "[1]", "[10]"]
    assert whole_fields("ask", [""]) == [""]
    assert whole_fields("extract", ["No", "No.1", "价[元]", "价"], {"No", "No.1", "价"}) == [
        "No",
        "No.1",
        "价[元]",
        "价",
    ]
    assert whole_fields("extract", ["商品", "商品.No", "商品.No.1"], {"商品.No"}) == ["商品"]
    assert whole_fields("stop", ["name", "name_of", "reply"]) == ["name", "name_of", "reply"]


@pytest.mark.parametrize(
    ("task", "path", "kind"),
    [
        ("order", "amount", "order.amount"),
        ("chart", "rows[2][1]", "chart.rows[][]"),
        ("ui", "[3].label", "ui.[].label"),
        ("ask", "", "ask"),
        ("extract", "店铺", "extract"),
        ("extract", "商品[0].名称", "extract"),
    ],
)
def test_what_is_calibrated_together(task: str, path: str, kind: str) -> None:
    assert kind_of(task, path) == kind


def test_the_digest_is_of_what_results_depend_on() -> None:
    plain, dated = Calibration(curves={"": DOUBTING}), Calibration(curves={"": DOUBTING}, origin=origin())
    assert plain.digest == dated.digest
    assert plain.digest != Calibration(curves={"": DOUBTING}, thresholds={"order": 0.9}).digest
    assert json.loads(dated.to_json())["origin"]["date"] == "2026-11-29"


def test_what_is_known_of_fields_says_nothing_of_decisions() -> None:
    fields = Curve(points=((-10.0, -5.0), (10.0, 0.0)))
    found = Calibration(curves={EVERYTHING: fields})
    assert found.confidence("order.status", 0.9) < 0.5
    assert found.confidence("decisions.predicate", 0.9) == 0.9
    decided = found.model_copy(update={"curves": {EVERYTHING: fields, "decisions": Curve(points=((0.0, 1.0),))}})
    assert decided.confidence("decisions.choice", 0.9) == pytest.approx(probability(1.0))
