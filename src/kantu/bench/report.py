"""What a run found, as plain data. Names are English, with their units; `render` has the Chinese words for them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Cell = str | int | float | None
Unit = Literal["seconds", "requests_per_second"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quantity of ours beside a rival's, measured in turns.

    Attributes:
        unit: of every sample.
        rival: who made `theirs`.
        ours, theirs: one sample for each turn.
        must, reach: the ratio ours / theirs that is required, and the one that is aimed at. Where `reach` is the larger
            of the two, larger ratios are better.
    """

    name: str
    unit: Unit
    rival: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    must: float
    reach: float

    @property
    def ratio(self) -> float:
        """Of the two medians."""
        return statistics.median(self.ours) / statistics.median(self.theirs)

    def meets(self, bound: float) -> bool:
        """Whether the ratio is at `bound` or better."""
        return self.ratio >= bound if self.reach > self.must else self.ratio <= bound


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the same columns.

    Attributes:
        axis, curves: the column to draw along, and those to draw; nothing is drawn without curves.
    """

    name: str
    rows: tuple[Mapping[str, Cell], ...]
    axis: str = ""
    curves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run.

    Attributes:
        model: the name or path it was loaded by.
        runs: samples behind every median; 0 where nothing is one.
        environment: the machine and the versions of what ran on it.
    """

    model: str
    runs: int
    environment: Mapping[str, Cell]
    comparisons: tuple[Comparison, ...]
    tables: tuple[Table, ...]

    @property
    def met(self) -> bool:
        """Whether no row of a table says that what is required of it was missed."""
        return all(row.get("met") != "no" for table in self.tables for row in table.rows)

    def to_json(self) -> str:
        record = asdict(self)
        for row, comparison in zip(record["comparisons"], self.comparisons, strict=True):
            row |= {"ratio": comparison.ratio, "met": comparison.meets(comparison.must)}
        return json.dumps(record, ensure_ascii=False, indent=2)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that at least `percent` of all do not exceed (nearest rank); None of no values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def percentiles(name: str, values: Sequence[float]) -> dict[str, Cell]:
    """P50, P95 and P99 as columns of a table."""
    return {f"{name}_p{percent}_seconds": percentile(values, percent) for percent in (50, 95, 99)}


def share(part: float, whole: float) -> float | None:
    """Of a whole; None of nothing."""
    return part / whole if whole else None
