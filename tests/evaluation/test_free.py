"""Free answers are right when they say the truth, however it is written."""

from __future__ import annotations

import pytest

from kantu.evaluation.free import normalised, same
from kantu.tasks.truth import Truth


@pytest.mark.parametrize(
    ("one", "other"),
    [("￥1,299.00", "1299.00元"), ("ＡＢＣ 12", "abc12"), ("３ 件。", "3"), ("45 %", "45"), ("2.5 kg", "2.5公斤")],
)
def test_width_spaces_case_units_and_commas_do_not_count(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), [("1.10", "1.1"), ("12", "112"), ("3 kgs", "3 kg")])
def test_digits_and_words_do(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("truth", "answered", "score"),
    [
        ("9.9", "一共 9.9 元。", 1),
        ("9.9", "19.9元", 0),
        ("9.9", "9.99", 0),
        ("12", "2026-12", 1),
        ("红色", "是红色的", 1),
        ("红色", "蓝色", 0),
    ],
)
def test_a_short_truth_must_be_there_whole(truth: str, answered: str, score: float) -> None:
    assert same(Truth(truth), answered) == score


def test_a_long_truth_is_compared_by_its_characters() -> None:
    truth = Truth("春" * 50)
    assert same(truth, "春" * 50) == 1
    assert same(truth, "春" * 40) == pytest.approx(0.8)
