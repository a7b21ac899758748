"""How far confidence can be believed: against how often it was right, and what review costs and saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 15
_LEAST_IN_BIN = 10  # below that a bin's share of right answers is chance, and the error counts it
_RESAMPLES = 400
_HONEST_DRAWS = 100
_INTERVAL = (2.5, 97.5)  # per cent

Floats = npt.NDArray[np.float64]
Numbers = Sequence[float] | Floats


@dataclass(frozen=True)
class Bin:
    """Answers whose probability lies between two edges: how probable they said they were, and how many were right."""

    low: float
    high: float
    probability: float
    right: float
    count: int


@dataclass(frozen=True)
class Reliability:
    """How well probabilities fit what was right.

    Attributes:
        error: expected calibration error, over bins that hold equally many; `low` and `high` are its 95 % interval,
            from pictures drawn with replacement.
        chance: what the error would be on average if every probability were true: with few answers it is far from 0.
        equal_width_error: the same over bins of equal width.
        brier: mean squared error.
    """

    count: int
    right: float
    error: float
    low: float
    high: float
    chance: float
    equal_width_error: float
    brier: float


@dataclass(frozen=True)
class TradePoint:
    """What happens where all below `threshold` is reviewed.

    Attributes:
        reviewed: share of all that a person sees.
        wrong: share wrong among the others.
        let_through: share of all that is wrong and that nobody sees.
    """

    threshold: float
    reviewed: float
    wrong: float
    let_through: float


def equal_width_edges() -> Floats:
    """From 0 to 1, between `BINS` bins."""
    return np.linspace(0, 1, BINS + 1)


def equal_mass_edges(probabilities: Numbers) -> Floats:
    """Between bins with equally many answers: `BINS` of them, or fewer where there are few answers.

    Equal probabilities share a bin.
    """
    count = min(BINS, max(1, len(probabilities) // _LEAST_IN_BIN))
    shares = np.linspace(0, 1, count + 1)[1:-1]
    inner = np.quantile(np.asarray(probabilities, float), shares) if count > 1 else []
    return np.unique(np.concatenate([[0.0], inner, [1.0]]))


def bins(probabilities: Numbers, right: Numbers, edges: Numbers) -> list[Bin]:
    """The reliability table; empty bins are left out. A probability on an edge belongs above it, 1 to the last bin."""
    edges = np.asarray(edges, float)
    told, were = np.asarray(probabilities, float), np.asarray(right, float)
    at = _places(told, edges)
    found = []
    for place in np.unique(at):
        inside = at == place
        low, high, mean, share = edges[place], edges[place + 1], told[inside].mean(), were[inside].mean()
        found.append(Bin(float(low), float(high), float(mean), float(share), int(inside.sum())))
    return found


def calibration_error(table: Sequence[Bin]) -> float:
    """Expected calibration error: the mean gap between the two columns, weighted by answers."""
    count = sum(found.count for found in table)
    return sum(abs(found.probability - found.right) * found.count for found in table) / count if count else 0.0


def measure(
    probabilities: Sequence[float], right: Sequence[bool], pictures: Sequence[str], *, seed: int = 0
) -> Reliability:
    """All measures. `pictures` names the picture of each: answers about one picture are wrong together."""
    told, were = np.asarray(probabilities, float), np.asarray(right, float)
    if not len(told):
        return Reliability(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    names, of = np.unique(np.asarray(pictures), return_inverse=True)
    members = [np.flatnonzero(of == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = np.concatenate([members[number] for number in rng.integers(0, len(names), len(names))])
        drawn.append(_equal_mass_error(told[chosen], were[chosen]))
    error = _equal_mass_error(told, were)
    # What is drawn twice is wrong twice, so that a draw's error is larger than that of what it is drawn from.
    low, high = np.maximum(np.percentile(drawn, _INTERVAL) - (np.mean(drawn) - error), 0.0)
    honest = [_equal_mass_error(told, (rng.uniform(size=len(told)) < told).astype(float)) for _ in range(_HONEST_DRAWS)]
    return Reliability(
        len(told),
        float(were.mean()),
        error,
        float(low),
        float(high),
        float(np.mean(honest)),
        calibration_error(bins(told, were, equal_width_edges())),
        float(np.mean((told - were) ** 2)),
    )


def trade(confidences: Sequence[float], right: Sequence[bool]) -> list[TradePoint]:
    """What review costs and saves at every threshold, from none reviewed to all; equal confidences stay together."""
    told = np.asarray(confidences, float)
    order = np.argsort(told, kind="stable")
    told, wrong = told[order], 1 - np.asarray(right, float)[order]
    firsts = np.unique(told, return_index=True)[1]
    points = [
        TradePoint(
            float(told[at]), float(at / len(told)), float(wrong[at:].mean()), float(wrong[at:].sum() / len(told))
        )
        for at in firsts
    ]
    return [*points, TradePoint(1.0, 1.0, 0.0, 0.0)] if points else []


def at_threshold(confidences: Sequence[float], right: Sequence[bool], threshold: float) -> TradePoint:
    """What happens at one threshold."""
    told, wrong = np.asarray(confidences, float), 1 - np.asarray(right, float)
    passed = wrong[told >= threshold]
    count = max(len(told), 1)
    share = float(passed.mean()) if len(passed) else 0.0
    return TradePoint(threshold, 1 - len(passed) / count, share, float(passed.sum() / count))


def _places(told: Floats, edges: Floats) -> npt.NDArray[np.int64]:
    return np.clip(np.searchsorted(edges, told, side="right") - 1, 0, len(edges) - 2)


def _equal_mass_error(told: Floats, were: Floats) -> float:
    """`calibration_error` over bins of equal mass, without making them: it is drawn hundreds of times."""
    edges = equal_mass_edges(told)
    at = _places(told, edges)
    gaps = np.bincount(at, weights=told - were, minlength=len(edges) - 1)
    return float(np.abs(gaps).sum() / len(told))
