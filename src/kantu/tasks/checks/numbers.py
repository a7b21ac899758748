"""Numbers in prose that nothing shown accounts for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fractions import Fraction

from kantu.tasks.results import ChartResult

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_LONG_NUMBER = re.compile(r"\d{4,}")


def numbers_in(text: str) -> tuple[str, ...]:
    """The numbers of a text as they are written, without signs and separators of thousands."""
    return tuple(found.replace(",", "") for found in _NUMBER.findall(unicodedata.normalize("NFKC", text)))


def long_numbers(text: str) -> frozenset[str]:
    """Runs of four digits or more, which nobody can guess; separators of thousands do not end them."""
    return frozenset(_LONG_NUMBER.findall(re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", unicodedata.normalize("NFKC", text))))


def invented(said: str, known: Iterable[str]) -> tuple[str, ...]:
    """Long numbers of what is said that stand in none of the known texts, not even as a part (尾号1234)."""
    told = frozenset[str]().union(*map(long_numbers, known))
    return tuple(sorted(number for number in long_numbers(said) if not any(number in each for each in told)))


def unsupported_by_table(chart: ChartResult) -> tuple[str, ...]:
    """Numbers of the conclusion that are neither printed in the table or title nor follow from a row or a column.

    What follows from a row or a column: its sum, its mean, differences, how many there are and how many alike.
    """
    printed = {Fraction(n) for text in (chart.title or "", *chart.header, *_cells(chart)) for n in numbers_in(text)}
    known = printed | {Fraction(len(chart.rows))}
    columns = ([row[index] for row in chart.rows if index < len(row)] for index in range(1, len(chart.header)))
    for cells in (*columns, *(row[1:] for row in chart.rows)):
        numbers = [Fraction(number) for cell in cells for number in numbers_in(cell)[:1]]
        known |= {abs(a - b) for a in numbers for b in numbers} | {Fraction(numbers.count(a)) for a in numbers}
        if numbers:
            known |= {sum(numbers, Fraction(0)), sum(numbers, Fraction(0)) / len(numbers)}
    return tuple(number for number in numbers_in(chart.conclusion) if not _is_among(number, known))


def unsupported_by_facts(said: str, facts: Iterable[str]) -> tuple[str, ...]:
    """Numbers of what is said that none of the facts it rests on has."""
    known = {number for fact in facts for number in numbers_in(fact)}
    return tuple(number for number in numbers_in(said) if number not in known)


def _cells(chart: ChartResult) -> Iterable[str]:
    return (cell for row in chart.rows for cell in row)


def _is_among(number: str, known: set[Fraction]) -> bool:
    """Whether one of `known`, rounded to as many decimals as `number` has, is it."""
    decimals = len(number.partition(".")[2])
    return any(round(value, decimals) == Fraction(number) for value in known)
