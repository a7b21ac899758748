"""Free answers are right when they say the truth, however it is written."""

from __future__ import annotations

import pytest

from kantu.evaluation.free import normalised, picks, same
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
        ("是", "是的", 1),
        ("是", "不是", 0),
        ("有", "图里没有。", 0),
        ("合规", "不合规", 0),
        ("合规", "是否合规？合规", 1),
        ("不合规", "它不合规。", 1),
        ("没有", "图里没有", 1),
    ],
)
def test_a_short_truth_must_be_there_whole(truth: str, answered: str, score: float) -> None:
    assert same(Truth(truth), answered) == score


def test_a_long_truth_is_compared_by_its_characters() -> None:
    truth = Truth("春" * 50)
    assert same(truth, "春" * 50) == 1
    assert same(truth, "春" * 40) == pytest.approx(0.8)


def test_a_truth_of_which_nothing_counts_is_not_in_every_answer() -> None:
    assert same(Truth("！"), "9.9") == 0
    assert same(Truth("！"), "！") == 1


@pytest.mark.parametrize(
    ("right", "answered", "score"),
    [
        ("B", "B", 1),
        ("B", "选B。", 1),
        ("B", "(B) A red car", 1),
        ("B", "I think it is B.", 1),
        ("B", "I'd say B", 1),
        ("B", "A red car is shown, so the answer is B", 1),
        ("B", "The answer is B. A red car", 1),
        ("B", "A不对，答案是B", 1),
        ("B", "B，因为A不对", 1),
        ("A", "B，因为A不对", 0),
        ("A", "It must be A because it is red", 1),
        ("B", "E", 0),  # is no option: neither is its text that of one
        ("B", "蓝色", 1),
        ("B", "红色和蓝色", 0),
    ],
)
def test_the_letter_that_was_chosen_is_compared(right: str, answered: str, score: float) -> None:
    assert picks(Truth(right, ("蓝色", "红色", "绿色")), answered) == score


def test_of_many_options_one_is_called_i() -> None:
    options = tuple(f"选项{letter}" for letter in "IABCDEFGHJ")
    assert picks(Truth("I", options), "I") == 1
    assert picks(Truth("I", options), "I think it is B") == 0


def test_a_letter_between_options_can_be_left_out() -> None:
    assert picks(Truth("D", ("蓝色", "红色", "绿色")), "D") == 1


def test_an_option_is_not_said_by_its_opposite() -> None:
    assert picks(Truth("A", ("合规", "违规")), "不合规") == 0
