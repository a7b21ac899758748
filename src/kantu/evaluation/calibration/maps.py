"""Maps from raw to true log-odds that never fall, each fitted near another one: the fewer samples, the nearer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Map = Callable[[Floats], Floats]
"""raw log-odds -> calibrated log-odds."""

_STEPS = 50  # of Newton's method; a fit takes about ten
_SMALL_STEP = 1e-8
_LEAST_CURVATURE = 1e-9
_ROOT_WEIGHT = 4.0  # samples that the identity is worth as the parent of everything
_EXTREME = 1e-5  # a probability that samples cannot show to be 0 or 1


@dataclass(frozen=True)
class Fitted:
    """A map, and what the fits of its children need of it.

    Attributes:
        weights: of the features of a linear map.
        curvature: of its log loss, for one sample: how much a sample says about each weight.
    """

    map: Map
    weights: Floats
    curvature: Floats


Fit = Callable[[Floats, Floats, Fitted | None, float], Fitted]
"""raw log-odds, right (0 or 1), parent, how many samples the parent is worth -> the map."""


def platt(raw: Floats, right: Floats, parent: Fitted | None, parent_weight: float) -> Fitted:
    """A straight line in log-odds (Platt scaling)."""
    return _linear(_straight, np.array([1.0, 0.0]), raw, right, parent, parent_weight)


def beta(raw: Floats, right: Floats, parent: Fitted | None, parent_weight: float) -> Fitted:
    """A line in log p and another in log(1 - p) (beta calibration): may bend where platt cannot."""
    return _linear(_bent, np.array([1.0, 1.0, 0.0]), raw, right, parent, parent_weight)


def isotonic(raw: Floats, right: Floats, parent: Fitted | None, parent_weight: float) -> Fitted:
    """Steps of any form (pool adjacent violators), joined by straight lines between their middles.

    Each sample pulls towards what was right, and a little towards what the parent says of it.
    """
    if parent is None:
        parent, parent_weight = beta(raw, right, None, 0.0), _ROOT_WEIGHT
    share = parent_weight / max(len(raw), 1)
    order = np.argsort(raw, kind="stable")
    raw, right = raw[order], right[order]
    wanted = (right + share * sigmoid(parent.map(raw))) / (1 + share)
    middles, heights = _steps(raw, wanted)
    levels = logit(np.clip(heights, _EXTREME, 1 - _EXTREME))
    none = np.empty(0)
    return Fitted(lambda x: np.interp(x, middles, levels) if len(middles) else parent.map(x), none, none)


def identity(raw: Floats, right: Floats, parent: Fitted | None, parent_weight: float) -> Fitted:
    """What the model says itself."""
    return Fitted(lambda x: x, np.empty(0), np.empty(0))


METHODS: Mapping[str, Fit] = MappingProxyType(
    {"identity": identity, "platt": platt, "beta": beta, "isotonic": isotonic}
)


def sigmoid(x: Floats) -> Floats:
    """Probabilities of log-odds."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def logit(p: Floats) -> Floats:
    """Log-odds of probabilities, which must not be 0 or 1."""
    return np.log(p) - np.log1p(-p)


def _straight(raw: Floats) -> Floats:
    return np.stack([raw, np.ones_like(raw)], axis=1)


def _bent(raw: Floats) -> Floats:
    """log p and -log(1 - p), both of which rise with p and add up to the log-odds."""
    return np.stack([-np.logaddexp(0, -raw), np.logaddexp(0, raw), np.ones_like(raw)], axis=1)


def _linear(
    features_of: Callable[[Floats], Floats],
    start: Floats,
    raw: Floats,
    right: Floats,
    parent: Fitted | None,
    parent_weight: float,
) -> Fitted:
    """Logistic regression near the parent's weights; no slope below 0."""
    features = features_of(raw)
    centre = start if parent is None else parent.weights
    if parent is None:
        pull = _ROOT_WEIGHT * (features.T @ features / max(len(raw), 1) * 0.25 + _LEAST_CURVATURE * np.eye(len(start)))
    else:
        pull = parent_weight * parent.curvature
    weights = _newton(features, right, centre, pull, np.ones(len(start), bool))
    falling = np.append(weights[:-1] < 0, False)
    if falling.any():
        held = np.where(falling, 0.0, centre)
        weights = np.where(falling, 0.0, _newton(features, right, held, pull, ~falling))
        weights[:-1] = np.maximum(weights[:-1], 0.0)
    told = sigmoid(features @ weights)
    curvature = (features * (told * (1 - told))[:, None]).T @ features / max(len(raw), 1)
    curvature += _LEAST_CURVATURE * np.eye(len(start))
    return Fitted(lambda x: features_of(x) @ weights, weights, curvature)


def _newton(features: Floats, right: Floats, centre: Floats, pull: Floats, free: npt.NDArray[np.bool_]) -> Floats:
    """The weights of least log loss plus pull towards the centre; only free ones move."""
    weights = centre.copy()
    inner = np.ix_(free, free)

    def loss(at: Floats) -> float:
        x, away = features @ at, at - centre
        return float(np.sum(np.logaddexp(0, x) - right * x) + 0.5 * away @ pull @ away)

    best = loss(weights)
    for _ in range(_STEPS):
        told = sigmoid(features @ weights)
        slope = features.T @ (told - right) + pull @ (weights - centre)
        bend = (features * (told * (1 - told))[:, None]).T @ features + pull + _LEAST_CURVATURE * np.eye(len(centre))
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(bend[inner], slope[free])
        while (found := loss(weights - step)) > best and np.abs(step).max() > _SMALL_STEP:
            step /= 2
        if found > best:
            return weights
        weights, best = weights - step, found
        if np.abs(step).max() < _SMALL_STEP:
            return weights
    return weights


def _steps(raw: Floats, wanted: Floats) -> tuple[Floats, Floats]:
    """Pool adjacent violators over sorted samples: the mean place and the height of each step. Equal places pool."""
    blocks: list[list[float]] = []  # count, sum of places, sum of heights
    places, at = np.unique(raw, return_inverse=True)
    counts, sums = np.bincount(at, minlength=len(places)), np.bincount(at, weights=wanted, minlength=len(places))
    for place, count, height in zip(places, counts, sums, strict=True):
        blocks.append([float(count), float(place * count), float(height)])
        while len(blocks) > 1 and blocks[-2][2] / blocks[-2][0] >= blocks[-1][2] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    table = np.array(blocks).reshape(-1, 3)
    return table[:, 1] / table[:, 0], table[:, 2] / table[:, 0]
