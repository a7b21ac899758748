"""Answers added up: by family and kind, against the floors, and what else was measured."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kantu.evaluation.floors import FLOORS, Floor
from kantu.evaluation.reliability import Bin, bins
from kantu.evaluation.results import Answer
from kantu.evaluation.suites import EVERYDAY_FAMILIES

_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
RIGHT = 0.5  # a score from here on counts as right where there is only right and wrong


@dataclass(frozen=True)
class Share:
    """A mean, 0 to 1, over so many questions."""

    mean: float
    count: int

    @property
    def percent(self) -> float:
        return 100 * self.mean


@dataclass(frozen=True)
class Row:
    """A family and kind (either "" where all are meant), with its share right by origin."""

    family: str
    kind: str
    shares: dict[str, Share]


@dataclass(frozen=True)
class FloorRow:
    """A floor beside what was reached, by origin; nothing where nothing was asked."""

    floor: Floor
    reached: dict[str, Share]


@dataclass(frozen=True)
class VerdictRow:
    """How often a verdict was given where it was right to, and given where it was due."""

    verdict: str
    precision: float
    recall: float
    count: int


def origins(answers: Iterable[Answer]) -> tuple[str, ...]:
    """In order of first appearance."""
    return tuple(dict.fromkeys(answer.origin for answer in answers))


def share(answers: Iterable[Answer]) -> Share:
    """The mean score."""
    scores = [answer.score for answer in answers]
    return Share(statistics.fmean(scores) if scores else 0.0, len(scores))


def by_kind(answers: Sequence[Answer]) -> list[Row]:
    """All; then by family, in the order of the suite, all of it before its kinds, the most asked first."""
    families: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        families[answer.family].append(answer)
    order = {family: number for number, family in enumerate(EVERYDAY_FAMILIES)}
    rows = [Row("", "", _by_origin(answers))]
    for family in sorted(families, key=lambda name: order.get(name, len(order))):
        rows.append(Row(family, "", _by_origin(families[family])))
        kinds: dict[str, list[Answer]] = defaultdict(list)
        for answer in families[family]:
            kinds[answer.group[1]].append(answer)
        for kind, asked in sorted(kinds.items(), key=lambda row: -len(row[1])):
            rows.append(Row(family, kind, _by_origin(asked)))
    return rows


def floors(answers: Sequence[Answer], listed: Sequence[Floor] = FLOORS) -> list[FloorRow]:
    """Every floor about which anything was asked, with what was reached. Records of suites of tasks have none."""
    rows = []
    for floor in listed:
        about = [
            answer
            for answer in answers
            if (answer.rights is None or answer.kind != "task")
            and floor.family in ("", answer.family)
            and (not floor.kinds or answer.kind in floor.kinds)
        ]
        reached = {
            origin: _fooled(about, origin) if floor.fooled else share(a for a in about if a.origin == origin)
            for origin in floor.least
        }
        reached = {origin: found for origin, found in reached.items() if found.count}
        if reached:
            rows.append(FloorRow(floor, reached))
    return rows


def means(answers: Iterable[Answer]) -> dict[str, Share]:
    """The mean of each measure that is a number."""
    values: dict[str, list[float]] = defaultdict(list)
    for answer in answers:
        for name, value in answer.measures.items():
            if not isinstance(value, str):
                values[name].append(value)
    return {name: Share(statistics.fmean(found), len(found)) for name, found in sorted(values.items())}


def verdicts(answers: Iterable[Answer]) -> list[VerdictRow]:
    """By verdict, the most frequent first."""
    pairs = [(a.measures["true_verdict"], a.measures["verdict"]) for a in answers if "true_verdict" in a.measures]
    true, given = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    right = Counter(pair[0] for pair in pairs if pair[0] == pair[1])
    return [
        VerdictRow(str(name), right[name] / given[name] if given[name] else 0.0, right[name] / count, count)
        for name, count in true.most_common()
    ]


def by_sureness(answers: Iterable[Answer]) -> list[Bin]:
    """Answers by how probable they were: where the model knows what it knows, both columns are equal."""
    known = [(a.probability, float(a.score >= RIGHT)) for a in answers if a.probability is not None]
    return bins([pair[0] for pair in known], [pair[1] for pair in known], _EDGES)


def costs(answers: Iterable[Answer]) -> dict[str, float]:
    """Median and 95th percentile of the times, and mean tokens, over what was answered."""
    answered = [answer for answer in answers if not answer.error]
    if not answered:
        return {}
    found = {}
    for name in ("ttft_seconds", "total_seconds"):
        values = [getattr(answer, name) for answer in answered]
        found[f"{name}_median"] = float(np.median(values))
        found[f"{name}_p95"] = float(np.percentile(values, 95))
    for name in ("visual_tokens", "completion_tokens"):
        found[f"{name}_mean"] = statistics.fmean(getattr(answer, name) for answer in answered)
    return found


def _by_origin(answers: Sequence[Answer]) -> dict[str, Share]:
    return {origin: share(a for a in answers if a.origin == origin) for origin in origins(answers)}


def _fooled(answers: Iterable[Answer], origin: str) -> Share:
    values = [float(a.measures.get("fooled", 0.0)) for a in answers if a.origin == origin]
    return Share(statistics.fmean(values) if values else 0.0, len(values))
