"""How far confidence can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from kantu.evaluation.reliability import (
    at_threshold,
    bins,
    calibration_error,
    equal_mass_edges,
    equal_width_edges,
    measure,
    trade,
)


def test_the_error_is_the_mean_gap_weighted_by_answers() -> None:
    table = bins([0.96, 0.98, 0.3, 1.0], [True, False, False, True], [0, 0.5, 0.95, 0.99, 1])
    assert [(found.low, found.high, found.right, found.count) for found in table] == [
        (0.0, 0.5, 0.0, 1),
        (0.95, 0.99, 0.5, 2),
        (0.99, 1.0, 1.0, 1),
    ]
    assert calibration_error(table) == pytest.approx((0.3 + 2 * 0.47) / 4)
    assert calibration_error([]) == 0.0


def test_bins_of_equal_mass_hold_equally_many_and_equal_answers_stay_together() -> None:
    told = np.linspace(0.01, 0.99, 150)
    assert {found.count for found in bins(told, told > 0.5, equal_mass_edges(told))} == {10}
    assert [found.count for found in bins([0.7] * 30, [True] * 30, equal_mass_edges([0.7] * 30))] == [30]
    assert len(equal_width_edges()) == 16


def test_few_answers_have_few_bins_so_that_chance_is_no_error() -> None:
    assert len(equal_mass_edges([0.1 * number for number in range(9)])) == 2
    assert len(equal_mass_edges([number / 45 for number in range(45)])) == 5
    assert len(equal_mass_edges([])) == 2


def test_probabilities_that_are_true_have_a_small_error_and_overconfident_ones_a_large_one() -> None:
    rng = np.random.default_rng(1)
    true = rng.uniform(0.2, 1, 6000)
    right = rng.uniform(size=6000) < true
    pictures = [str(number // 6) for number in range(6000)]
    honest = measure(list(true), list(right), pictures)
    boastful = measure(list(np.sqrt(true)), list(right), pictures)
    assert honest.error < 0.03
    assert honest.low <= honest.error <= honest.high
    assert boastful.error == pytest.approx(float(np.mean(np.sqrt(true) - true)), abs=0.02)
    assert boastful.low > honest.high
    assert boastful.equal_width_error == pytest.approx(boastful.error, abs=0.02)
    assert boastful.brier > honest.brier == pytest.approx(float(np.mean(true * (1 - true))), abs=0.01)
    assert measure(list(true), list(right), pictures) == honest  # the same draw every time


def test_answers_about_one_picture_are_drawn_together() -> None:
    told, right = [0.8] * 40, [True] * 20 + [False] * 20
    apart = measure(told, right, [str(number) for number in range(40)])
    together = measure(told, right, ["a"] * 20 + ["b"] * 20)
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_few_answers_have_an_error_by_chance_that_is_told() -> None:
    rng = np.random.default_rng(2)
    true = rng.uniform(0.2, 1, 4000)
    right = rng.uniform(size=4000) < true
    few, many = (measure(list(true[:n]), list(right[:n]), [str(at) for at in range(n)]) for n in (150, 4000))
    assert few.chance == pytest.approx(few.error, abs=0.06)
    assert few.chance > 3 * many.chance
    assert many.chance < 0.03


def test_nothing_has_no_error() -> None:
    assert measure([], [], []).count == 0
    assert trade([], []) == []


def test_the_trade_goes_from_no_review_to_all_of_it() -> None:
    points = trade([0.9, 0.2, 0.6, 0.6, 0.95], [True, False, False, True, True])
    assert [(p.threshold, p.reviewed) for p in points] == [(0.2, 0), (0.6, 0.2), (0.9, 0.6), (0.95, 0.8), (1.0, 1.0)]
    assert [p.wrong for p in points] == pytest.approx([0.4, 0.25, 0.0, 0.0, 0.0])
    assert [p.let_through for p in points] == pytest.approx([0.4, 0.2, 0.0, 0.0, 0.0])


def test_what_is_as_sure_as_the_threshold_is_let_through() -> None:
    point = at_threshold([0.9, 0.2, 0.6], [True, False, False], 0.6)
    assert (point.reviewed, point.wrong, point.let_through) == pytest.approx((1 / 3, 1 / 2, 1 / 3))
    assert at_threshold([0.5], [False], 0.9).wrong == 0.0
