"""Maps from raw to true log-odds."""

from __future__ import annotations

import numpy as np
import pytest

from kantu.evaluation.calibration.maps import METHODS, Fit, Floats, beta, identity, isotonic, logit, platt, sigmoid

GRID = np.linspace(-13, 13, 200)
FITTED = [platt, beta, isotonic]


def drawn(true: Floats, seed: int = 0) -> Floats:
    return (np.random.default_rng(seed).uniform(size=len(true)) < true).astype(float)


@pytest.mark.parametrize("fit", METHODS.values(), ids=METHODS.keys())
def test_no_map_ever_falls(fit: Fit) -> None:
    raw = np.linspace(-5, 5, 60)
    for right in ((raw < 0).astype(float), np.ones(60), np.zeros(60), drawn(np.full(60, 0.5))):
        root = fit(raw, right, None, 0.0)
        child = fit(raw[:3], right[:3], root, 10.0)
        for made in (root, child):
            levels = made.map(GRID)
            assert np.all(np.isfinite(levels))
            assert np.all(np.diff(levels) >= -1e-9)


@pytest.mark.parametrize("fit", FITTED)
def test_a_boastful_model_is_taken_down_to_what_it_gets_right(fit: Fit) -> None:
    says = np.linspace(0.05, 0.98, 4000)
    true = says**3
    made = fit(logit(says), drawn(true), None, 0.0)
    inner = (says > 0.3) & (says < 0.95)
    assert np.abs(sigmoid(made.map(logit(says))) - true)[inner].mean() < 0.04


def test_platt_and_beta_find_the_line_that_made_the_samples() -> None:
    raw = np.random.default_rng(3).normal(1, 2, 20_000)
    right = drawn(sigmoid(0.5 * raw - 1))
    assert platt(raw, right, None, 0.0).weights == pytest.approx([0.5, -1.0], abs=0.06)
    assert beta(raw, right, None, 0.0).map(np.array([-2.0, 2.0])) == pytest.approx([-2.0, 0.0], abs=0.15)


@pytest.mark.parametrize("fit", FITTED)
def test_few_samples_stay_near_their_parent_and_many_leave_it(fit: Fit) -> None:
    raw = np.random.default_rng(4).normal(0, 2, 3000)
    parent = fit(raw, drawn(sigmoid(raw)), None, 0.0)
    contrary = drawn(sigmoid(raw - 3), seed=5)
    at = np.array([0.0])
    alone, few, many = (sigmoid(fit(raw[:n], contrary[:n], parent, 10.0).map(at))[0] for n in (0, 4, 3000))
    parents = sigmoid(parent.map(at))[0]
    assert alone == pytest.approx(parents)
    assert abs(few - parents) < 0.25
    assert many == pytest.approx(sigmoid(np.array([-3.0]))[0], abs=0.04)
    assert many < few <= alone


def test_isotonic_pools_what_falls_and_equal_places() -> None:
    raw = np.array([0.0, 0.0, 1.0, 2.0, 3.0, 3.0])
    right = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    flat = identity(raw, right, None, 0.0)
    levels = sigmoid(isotonic(raw, right, flat, 1e-9).map(np.array([0.0, 1.5, 3.0])))
    assert levels == pytest.approx([0.0, 0.5, 1.0], abs=1e-3)
