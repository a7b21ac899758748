"""Two runs over the same questions: whether a difference is real, and whether anything became worse.

Questions about one picture are not independent, so pictures are drawn with replacement, with all their questions in
both runs (a paired cluster bootstrap).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kantu.errors import error
from kantu.evaluation.results import Answer

_RESAMPLES = 10_000
_LEVEL = 0.95
_LEAST_QUESTIONS = 20  # fewer tell nothing of a group
_PIECE = 500  # resamples at once


@dataclass(frozen=True)
class Difference:
    """Ours minus theirs in points of per cent, over the questions that both were asked.

    `low` and `high` bound it with 95 per cent confidence; `worst` is what it is at most, with the confidence that all
    groups together are judged with.
    """

    family: str
    kind: str
    origin: str
    theirs: float
    ours: float
    low: float
    high: float
    worst: float
    questions: int
    pictures: int

    @property
    def points(self) -> float:
        return self.ours - self.theirs

    @property
    def is_real(self) -> bool:
        """Whether chance alone would hardly make such a difference."""
        return self.low > 0 or self.high < 0

    def is_worse(self, margin: float) -> bool:
        """Worse by more than the margin, and not by chance, though so many groups were looked at."""
        return self.points < -margin and self.worst < 0


def compare(ours: Mapping[str, Answer], theirs: Mapping[str, Answer], *, seed: int = 0) -> list[Difference]:
    """All questions, and each family and kind of an origin with enough of them; the largest losses first.

    Raises InvalidRequestError (`nothing_to_compare`) when no question was asked in both.
    """
    both = [key for key in ours if key in theirs]
    if not both:
        raise error("nothing_to_compare")
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for key in both:
        answer = ours[key]
        groups["", "", ""].append(key)
        groups["", "", answer.origin].append(key)
        groups[*answer.group, answer.origin].append(key)
    kept = {group: keys for group, keys in groups.items() if len(keys) >= _LEAST_QUESTIONS or group == ("", "", "")}
    rng = np.random.default_rng(seed)
    found = [
        _difference(group, [ours[key] for key in keys], [theirs[key] for key in keys], rng, len(kept))
        for group, keys in kept.items()
    ]
    return [found[0], *sorted(found[1:], key=lambda difference: difference.points)]


def _difference(
    group: tuple[str, str, str],
    ours: Sequence[Answer],
    theirs: Sequence[Answer],
    rng: np.random.Generator,
    groups: int,
) -> Difference:
    """`groups` are looked at in all: that something is worse must be surer by so much."""
    pictures: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for our, their in zip(ours, theirs, strict=True):
        pictures[our.origin, *our.pictures[:1]].append(our.score - their.score)
    gains = np.array([sum(values) for values in pictures.values()])
    counts = np.array([len(values) for values in pictures.values()])
    drawn = np.concatenate(
        [
            gains[chosen].sum(1) / counts[chosen].sum(1)
            for chosen in (rng.integers(len(gains), size=(_PIECE, len(gains))) for _ in range(_RESAMPLES // _PIECE))
        ]
    )
    low, high, worst = 100 * np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2, 1 - (1 - _LEVEL) / groups])
    return Difference(
        *group,
        theirs=100 * float(np.mean([answer.score for answer in theirs])),
        ours=100 * float(np.mean([answer.score for answer in ours])),
        low=float(low),
        high=float(high),
        worst=float(worst),
        questions=len(ours),
        pictures=len(gains),
    )
