"""Lines that stand beside each other, and rows whose lines stand in columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kantu.contenders.pipeline.boxes import overlap, size_of
from kantu.contenders.pipeline.seen import Table
from kantu.solve.boxes import hull
from kantu.solve.reader import PrintedLine

_BESIDE = 0.5  # of the lower of two lines is at the height of the other
_TALLEST = 2.6  # times as high as its neighbour: what is higher is a title beside small print, not a row with it
_ROW_GAP = 2.6  # heights of a line between two rows of a table
_WRAP_GAP = 0.75  # heights of a line between the two halves of a broken cell
_OCCUPIED = 0.6  # of a table's cells hold text

Rows = tuple[tuple[int, ...], ...]


def rows_of(lines: Sequence[PrintedLine]) -> Rows:
    """Lines by their numbers: each row from left to right, rows from top to bottom.

    Each line is joined to the next one at its right, so that the rows of a page that is a little tilted hold together.
    """
    order = sorted(range(len(lines)), key=lambda number: (lines[number].box[0], lines[number].box[1]))
    before: dict[int, int] = {}
    for number in order:
        box = lines[number].box
        height = size_of(box)[1]
        beside = [
            (lines[other].box[0] - box[2], other)
            for other in order
            if other != number
            and lines[other].box[0] >= box[2] - 0.3 * height
            and overlap(lines[other].box, box, 1) >= _BESIDE
            and 1 / _TALLEST <= size_of(lines[other].box)[1] / max(1, height) <= _TALLEST
        ]
        if not beside:
            continue
        _, after = min(beside)
        rival = before.get(after)
        if rival is None or overlap(lines[rival].box, lines[after].box, 1) < overlap(box, lines[after].box, 1):
            before[after] = number
    follower = {first: second for second, first in before.items()}
    rows = []
    for number in order:
        if number in before:
            continue
        row = [number]
        while row[-1] in follower:
            row.append(follower[row[-1]])
        rows.append(tuple(row))
    rows.sort(key=lambda row: (sum(sum(lines[n].box[1::2]) for n in row) / len(row), lines[row[0]].box[0]))
    return tuple(rows)


def tables_of(lines: Sequence[PrintedLine], rows: Rows) -> tuple[Table, ...]:
    """Rows under each other whose lines fall into the same columns, two of them at least."""
    tables: list[Table] = []
    group = _Columns(lines)
    for row in rows:
        if group.take(row):
            continue
        if (table := group.table()) is not None:
            tables.append(table)
        group = _Columns(lines)
        group.take(row)
    if (table := group.table()) is not None:
        tables.append(table)
    return tuple(tables)


class _Columns:
    """A table in the making: a list of rows, in each the numbers of the lines of each column."""

    def __init__(self, lines: Sequence[PrintedLine]) -> None:
        self._lines = lines
        self._spans: list[tuple[int, int]] = []  # left and right edge of each column
        self._rows: list[dict[int, list[int]]] = []

    def take(self, row: Sequence[int]) -> bool:
        """Add a row if it fits."""
        if not self._rows:
            if len(row) < 2:
                return False
            self._spans = [self._span(number) for number in row]
            self._rows = [{column: [number] for column, number in enumerate(row)}]
            return True
        gap, height = self._gap(row)
        if gap > _ROW_GAP * height:
            return False
        columns = self._columns_of(row)
        if columns is None:
            return False
        if gap <= _WRAP_GAP * height and len(row) < len(self._spans) and self._wraps(columns, row):
            for column, number in zip(columns, row, strict=True):
                self._rows[-1][column].append(number)
        elif len(row) >= 2:
            self._rows.append({column: [number] for column, number in zip(columns, row, strict=True)})
        else:
            return False
        for column, number in zip(columns, row, strict=True):
            left, right = self._span(number)
            self._spans[column] = min(left, self._spans[column][0]), max(right, self._spans[column][1])
        return True

    def table(self) -> Table | None:
        """What was taken, if it is a table."""
        count, across = len(self._rows), len(self._spans)
        if count < 2 or across < 2 or (across == 2 and count < 3):
            return None
        if sum(len(row) for row in self._rows) < _OCCUPIED * count * across:
            return None
        cells = tuple(
            tuple("".join(self._lines[number].text for number in row.get(column, ())) for column in range(across))
            for row in self._rows
        )
        numbers = tuple(sorted(number for row in self._rows for column in row.values() for number in column))
        return Table(hull(self._lines[number].box for number in numbers), cells, numbers)

    def _span(self, number: int) -> tuple[int, int]:
        box = self._lines[number].box
        return box[0], box[2]

    def _gap(self, row: Sequence[int]) -> tuple[float, float]:
        """Pixels between the last row and this one, and the height of a line."""
        last = [number for column in self._rows[-1].values() for number in column[-1:]]
        top = sum(self._lines[number].box[1] for number in row) / len(row)
        bottom = sum(self._lines[number].box[3] for number in last) / len(last)
        heights = sorted(size_of(self._lines[number].box)[1] for number in (*row, *last))
        return top - bottom, float(heights[len(heights) // 2])

    def _wraps(self, columns: Sequence[int], row: Sequence[int]) -> bool:
        """Whether a row's lines go on where cells of the last row broke off."""
        for column, number in zip(columns, row, strict=True):
            above = self._rows[-1].get(column)
            if not above or len(self._lines[above[-1]].text) < len(self._lines[number].text):
                return False
        return 0 not in columns or len(columns) == 1

    def _columns_of(self, row: Sequence[int]) -> list[int] | None:
        """The column of each line of a row, None where the lines do not fall into columns."""
        columns: list[int] = []
        for number in row:
            left, right = self._span(number)
            over = [
                column
                for column, (start, end) in enumerate(self._spans)
                if min(right, end) - max(left, start) > 0.15 * min(right - left, end - start)
            ]
            if len(over) != 1 or over[0] in columns:
                columns = []
                break
            columns.append(over[0])
        if len(columns) == len(row):
            return columns if columns == sorted(columns) else None
        if len(row) != len(self._spans):
            return None
        middles = [sum(self._span(number)) / 2 for number in row]
        centers = np.array([sum(span) / 2 for span in self._spans])
        near = [int(np.abs(centers - at).argmin()) for at in middles]
        return near if near == list(range(len(row))) else None
