"""Numbers in prose that nothing shown accounts for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fractions import Fraction

from kantu.tasks.results import ChartResult, CopyResult

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers of a text as they are written, without signs and separators of thousands."""
    return tuple(found.replace(",", "") for found in _NUMBER.findall(unicodedata.normalize("NFKC", text)))


def unsupported_by_table(chart: ChartResult) -> tuple[str, ...]:
    """Numbers of the conclusion that are neither printed in the table or title nor follow from a column.

    What follows from a column: its sum, its mean, the difference of any two of its numbers, how many rows there are.
    """
    printed = {Fraction(n) for text in (chart.title or "", *chart.header, *_cells(chart)) for n in numbers_in(text)}
    known = printed | {Fraction(len(chart.rows))}
    for index in range(1, len(chart.header)):
        column = [Fraction(n) for row in chart.rows if index < len(row) for n in numbers_in(row[index])[:1]]
        known |= {abs(a - b) for a in column for b in column}
        if column:
            known |= {sum(column, Fraction(0)), sum(column, Fraction(0)) / len(column)}
    return tuple(number for number in numbers_in(chart.conclusion) if not _is_among(number, known))


def unsupported_by_facts(copy: CopyResult) -> tuple[str, ...]:
    """Numbers of the copy that none of the facts it rests on has."""
    known = {number for fact in copy.facts for number in numbers_in(fact)}
    said = (copy.title, *copy.selling_points, copy.body)
    return tuple(number for text in said for number in numbers_in(text) if number not in known)


def _cells(chart: ChartResult) -> Iterable[str]:
    return (cell for row in chart.rows for cell in row)


def _is_among(number: str, known: set[Fraction]) -> bool:
    """Whether one of `known`, rounded to as many decimals as `number` has, is it."""
    decimals = len(number.partition(".")[2])
    return any(round(value, decimals) == Fraction(number) for value in known)
