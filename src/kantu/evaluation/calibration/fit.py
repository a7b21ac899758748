"""From judged records to a calibration. What is chosen is chosen on pictures that the fit has not seen."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kantu.evaluation.calibration.maps import METHODS, Fit, Fitted, Floats, sigmoid
from kantu.evaluation.calibration.samples import Judged
from kantu.evaluation.reliability import bins, calibration_error, equal_mass_edges
from kantu.solve.calibration import (
    EVERYTHING,
    LET_THROUGH,
    Calibration,
    Curve,
    Origin,
    Trial,
    blend,
    log_odds,
    scopes,
    whole_fields,
)

_FOLDS = 5
_PARENT_WEIGHTS = (3.0, 10.0, 30.0, 100.0)
_TOGETHERNESS = tuple(step / 10 for step in range(11))
_GRID = np.linspace(log_odds(0.0), log_odds(1.0), 113)
_TOLERANCE = 0.02  # of log-odds: half a per cent at most

Scopes = tuple[str, ...]
Tree = dict[str, Fitted]


@dataclass(frozen=True)
class _Data:
    """Raw log-odds with what was right, the scopes of each (the widest first), and in which fold it is."""

    raw: Floats
    right: Floats
    scopes: tuple[Scopes, ...]
    pictures: npt.NDArray[np.int64]
    folds: npt.NDArray[np.int64]

    def part(self, chosen: npt.NDArray[np.bool_]) -> _Data:
        picked = tuple(self.scopes[at] for at in np.flatnonzero(chosen))
        return _Data(self.raw[chosen], self.right[chosen], picked, self.pictures[chosen], self.folds[chosen])


@dataclass(frozen=True)
class _Tried:
    """A way to fit, and its probabilities of what it has not seen."""

    method: str
    parent_weight: float
    probabilities: Floats
    losses: Floats
    error: float

    @property
    def trial(self) -> Trial:
        return Trial(
            method=self.method,
            parent_weight=self.parent_weight,
            log_loss=round(float(self.losses.mean()), 5),
            calibration_error=round(self.error, 5),
        )


def fit(records: Sequence[Judged], origin: Origin, *, let_through: float = LET_THROUGH) -> Calibration:
    """The calibration of these records, of which at least one must have a field.

    Kinds of field lean on the map of their task and tasks on the map of everything, the more the fewer samples they
    have. Method and how much they lean are chosen by log loss over five folds of the pictures; among those whose
    loss is within a standard error of the least, by calibration error.

    Args:
        origin: what it is fitted on; counts and trials are filled in here.
    """
    samples = [(record, sample) for record in records for sample in record.fields]
    data = _data(
        [sample.raw for _, sample in samples],
        [sample.right for _, sample in samples],
        [scopes(sample.kind)[::-1] for _, sample in samples],
        [record.picture for record, _ in samples],
    )
    tried = _try_all(data)
    best = _choose(tried, data)
    tree = _grow(METHODS[best.method], best.parent_weight, data)
    unseen = iter(best.probabilities)
    confidences = [[float(next(unseen)) for _ in record.fields] for record in records]
    wholes, togetherness, told = _fit_wholes(records, confidences, best)
    counted = origin.model_copy(
        update={
            "pictures": len({record.picture for record in records}),
            "records": len(records),
            "fields": len(samples),
            "chosen": best.trial,
            "tried": tuple(each.trial for each in sorted(tried, key=lambda each: each.losses.mean())),
        }
    )
    return Calibration(
        origin=counted,
        let_through=let_through,
        togetherness=togetherness,
        thresholds=_thresholds(told, let_through),
        wholes=wholes,
        curves={scope: _curve(fitted) for scope, fitted in sorted(tree.items())},
    )


def threshold(confidences: Sequence[float], right: Sequence[bool], let_through: float) -> float | None:
    """The lowest confidence down to which at most this share is wrong; None where the samples do not show any.

    One more wrong answer than was seen is counted, so that a few lucky ones prove nothing.
    """
    told = np.asarray(confidences, float)
    order = np.argsort(-told, kind="stable")
    told, wrong = told[order], 1 - np.asarray(right, float)[order]
    accepted = np.arange(1, len(told) + 1)
    is_last = np.append(told[1:] < told[:-1], True)  # equal confidences are let through together
    reached = np.flatnonzero(((np.cumsum(wrong) + 1) / (accepted + 1) <= let_through) & is_last)
    return float(told[reached[-1]]) if len(reached) else None


def _data(raw: Sequence[float], right: Sequence[bool], scoped: Sequence[Scopes], pictures: Sequence[str]) -> _Data:
    names = {picture: number for number, picture in enumerate(dict.fromkeys(pictures))}
    folds = {picture: int(hashlib.sha256(f"fold {picture}".encode()).hexdigest(), 16) % _FOLDS for picture in names}
    return _Data(
        np.array([log_odds(each) for each in raw]),
        np.array(right, float),
        tuple(scoped),
        np.array([names[picture] for picture in pictures], int),
        np.array([folds[picture] for picture in pictures], int),
    )


def _grow(fit: Fit, parent_weight: float, data: _Data) -> Tree:
    """A map for every scope, the widest first."""
    tree: Tree = {}
    for depth in range(max(map(len, data.scopes), default=0)):
        at_depth = [each[depth] if depth < len(each) else None for each in data.scopes]
        parents = {each[depth]: each[depth - 1] for each in data.scopes if depth < len(each)}
        for scope, above in parents.items():
            if scope not in tree:  # the kind of a task's prose is the task
                mine = np.array([each == scope for each in at_depth])
                parent = tree[above] if depth else None
                tree[scope] = fit(data.raw[mine], data.right[mine], parent, parent_weight)
    return tree


def _predict(tree: Tree, data: _Data) -> Floats:
    """By the closest scope that the tree knows."""
    closest = np.array([next(scope for scope in each[::-1] if scope in tree) for each in data.scopes])
    found = np.empty(len(data.raw))
    for scope in np.unique(closest):
        mine = closest == scope
        found[mine] = sigmoid(tree[scope].map(data.raw[mine]))
    return found


def _try(method: str, parent_weight: float, data: _Data) -> _Tried:
    found = np.empty(len(data.raw))
    for fold in np.unique(data.folds):
        mine = data.folds == fold
        seen = data if mine.all() else data.part(~mine)
        found[mine] = _predict(_grow(METHODS[method], parent_weight, seen), data.part(mine))
    inside = np.clip(found, 1e-6, 1 - 1e-6)
    losses = -np.where(data.right > 0, np.log(inside), np.log1p(-inside))
    return _Tried(
        method, parent_weight, found, losses, calibration_error(bins(found, data.right, equal_mass_edges(found)))
    )


def _try_all(data: _Data) -> list[_Tried]:
    ways = [(method, weight) for method in METHODS for weight in _PARENT_WEIGHTS if method != "identity"]
    return [_try(method, weight, data) for method, weight in [("identity", 0.0), *ways]]


def _choose(tried: Sequence[_Tried], data: _Data) -> _Tried:
    """Of least calibration error among those whose log loss is within a standard error of the least."""
    least = min(tried, key=lambda each: float(each.losses.mean()))

    def is_as_good(other: _Tried) -> bool:
        worse = np.bincount(data.pictures, weights=other.losses - least.losses)  # pictures, not fields, are drawn
        return bool(worse.sum() <= np.sqrt(len(worse)) * worse.std())

    return min(filter(is_as_good, tried), key=lambda each: each.error)


def _fit_wholes(
    records: Sequence[Judged], confidences: Sequence[Sequence[float]], best: _Tried
) -> tuple[dict[str, Curve], float, dict[str, list[tuple[float, bool]]]]:
    """The curves of whole records, how much their fields hang together, and what they say of unseen records."""
    told: dict[str, list[tuple[float, bool]]] = {}
    composed: list[tuple[Judged, list[float]]] = []
    single = {record.task for record in records} - {record.task for record in records if not _is_its_field(record)}
    for record, sure in zip(records, confidences, strict=True):
        by_path = dict(zip((sample.path for sample in record.fields), sure, strict=True))
        parts = [by_path[path] for path in whole_fields(record.task, by_path)]
        if record.task in single:
            told.setdefault(record.task, []).append((parts[0], record.right))
        elif parts:
            composed.append((record, parts))
    curves = {task: Curve(points=((_GRID[0], _GRID[0]), (_GRID[-1], _GRID[-1]))) for task in single}
    if not composed:
        return curves, 0.0, told
    right = [record.right for record, _ in composed]
    scoped = [(EVERYTHING, record.task) for record, _ in composed]
    pictures = [record.picture for record, _ in composed]

    def together(share: float) -> _Data:
        return _data([blend(parts, share) for _, parts in composed], right, scoped, pictures)

    togetherness = min(
        _TOGETHERNESS, key=lambda share: float(_try(best.method, best.parent_weight, together(share)).losses.mean())
    )
    data = together(togetherness)
    unseen = _try(best.method, best.parent_weight, data).probabilities
    for (record, _), sure in zip(composed, unseen, strict=True):
        told.setdefault(record.task, []).append((float(sure), record.right))
    tree = _grow(METHODS[best.method], best.parent_weight, data)
    return curves | {scope: _curve(fitted) for scope, fitted in sorted(tree.items())}, togetherness, told


def _is_its_field(record: Judged) -> bool:
    """The record is one field, and right where that is."""
    return len(record.fields) == 1 and record.fields[0].right == record.right


def _thresholds(told: dict[str, list[tuple[float, bool]]], let_through: float) -> dict[str, float]:
    found = {
        task: threshold([sure for sure, _ in pairs], [right for _, right in pairs], let_through)
        for task, pairs in sorted(told.items())
    }
    # Rounded down: who is as sure as the threshold was let through.
    return {task: math.floor(1e4 * least) / 1e4 for task, least in found.items() if least is not None}


def _curve(fitted: Fitted) -> Curve:
    """As few points as tell the map."""
    levels = np.maximum.accumulate(np.clip(fitted.map(_GRID), _GRID[0], _GRID[-1]))
    kept = sorted(_bends(levels, 0, len(_GRID) - 1) | {0, len(_GRID) - 1})
    return Curve(points=tuple((round(float(_GRID[at]), 4), round(float(levels[at]), 4)) for at in kept))


def _bends(levels: Floats, first: int, last: int) -> set[int]:
    """Points that a straight line from first to last would miss (Ramer-Douglas-Peucker)."""
    between = np.arange(first, last + 1)
    missed = np.abs(levels[between] - np.interp(between, [first, last], levels[[first, last]]))
    if missed.max() <= _TOLERANCE:
        return set()
    at = int(between[missed.argmax()])
    return {at} | _bends(levels, first, at) | _bends(levels, at, last)
