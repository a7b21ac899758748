"""The order in which a page's text is read. It is the truth of every transcription."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kantu.synth.page import Box, Element, Line

GROUPS = frozenset(("card", "column"))
"""Kinds of elements that hold what belongs together: it is read in one go. A "column" is one that is not painted."""

_GUTTER = 0.5  # ems of white from top to bottom that part two columns


@dataclass(frozen=True)
class _Unit:
    """Something read in one go: one line, or all there is in a group."""

    box: Box
    rows: list[list[Line]]


def hull(boxes: Sequence[Box]) -> Box:
    """The smallest box around `boxes`."""
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def reading_rows(lines: Sequence[Line], elements: Sequence[Element] = ()) -> list[list[Line]]:
    """`lines` as rows in reading order, each row from left to right.

    People read a page from top to bottom and a row from left to right, label and value of one row together however far
    apart. They do not read across cards or columns: what stands side by side is read one after the other when its rows
    do not line up, and a group (`GROUPS` among `elements`) is never left before its end. Runs are in one row when their
    middles are nearer than 0.45 em of the smaller: a sum in three sizes is one row, two small lines beside a large one
    are not. On a page that was tilted, rows are taken along its text.
    """
    slope = _slope(lines)
    straight = [(line, _sheared(line.box, slope)) for line in lines]
    groups = [_sheared(element.box, slope) for element in elements if element.kind in GROUPS]
    return _arranged(_units(straight, groups))


def row_text(row: Sequence[Line]) -> str:
    """The text of one row: runs that touch are one word, others are parted by a space."""
    text = row[0].text
    for before, line in pairwise(row):
        text = text + line.text if line.box[0] - before.box[2] < 2 else f"{text.rstrip()} {line.text.lstrip()}"
    return text.strip()


def transcription(lines: Sequence[Line], elements: Sequence[Element] = ()) -> str:
    """The text of `lines` in reading order, a row a line."""
    return "\n".join(map(row_text, reading_rows(lines, elements)))


def _slope(lines: Sequence[Line]) -> float:
    """How many pixels down the text goes for one to the right, told by the first and last characters of long lines."""
    slopes = []
    for line in lines:
        first, last = line.char_boxes[0], line.char_boxes[-1]
        run = last[0] - first[0]
        if run > 2 * line.size:
            slopes.append((last[1] + last[3] - first[1] - first[3]) / 2 / run)
    return statistics.median(slopes) if slopes else 0.0


def _sheared(box: Box, slope: float) -> Box:
    """The box moved up by as much as the text has come down at its middle, and rid of what the tilt added in height."""
    drop, added = slope * (box[0] + box[2]) / 2, abs(slope) * (box[2] - box[0]) / 2
    added = min(added, (box[3] - box[1]) / 3)
    return box[0], box[1] - drop + added, box[2], box[3] - drop - added


def _units(lines: Sequence[tuple[Line, Box]], groups: Sequence[Box]) -> list[_Unit]:
    """Lines outside of all groups as they are, and each outermost group as one unit, arranged within."""
    largest = sorted(groups, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]), reverse=True)
    rest, units = list(lines), []
    while largest:
        box, *largest = largest
        inner = [other for other in largest if _within(other, box)]
        largest = [other for other in largest if other not in inner]
        held = [member for member in rest if _within(member[1], box)]
        rest = [member for member in rest if not _within(member[1], box)]
        if held:
            units.append(_Unit(box, _arranged(_units(held, inner))))
    return units + [_Unit(box, [[line]]) for line, box in rest]


def _within(box: Box, outer: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _arranged(units: list[_Unit]) -> list[list[Line]]:
    """Bands from top to bottom; in a band its one row, or its columns from left to right."""
    rows = []
    for band in _parted(units, axis=1, gap=lambda unit: -0.15 * min(_height(unit), 20)):
        single = _row(band)
        if single is not None:
            rows.append(single)
            continue
        columns = _parted(band, axis=0, gap=lambda unit: _GUTTER * unit.rows[0][0].size)
        if len(columns) > 1:
            rows += [row for column in columns for row in _arranged(column)]
        elif len(band) == 1:
            rows += band[0].rows
        else:
            rows += _stacked(band)
    return rows


def _height(unit: _Unit) -> float:
    return unit.box[3] - unit.box[1]


def _parted(units: list[_Unit], axis: int, gap: Callable[[_Unit], float]) -> list[list[_Unit]]:
    """Units cut wherever `gap` pixels of white (less than nothing: an overlap) run all the way across."""
    parts: list[list[_Unit]] = []
    end = 0.0
    for unit in sorted(units, key=lambda each: each.box[axis]):
        if parts and unit.box[axis] - end < gap(unit):
            parts[-1].append(unit)
            end = max(end, unit.box[axis + 2])
        else:
            parts.append([unit])
            end = unit.box[axis + 2]
    return parts


def _row(band: Sequence[_Unit]) -> list[Line] | None:
    """The band as one row, if all of it is lines whose middles agree."""
    if any(len(unit.rows) > 1 or len(unit.rows[0]) > 1 for unit in band):
        return None
    middles = [(unit.box[1] + unit.box[3]) / 2 for unit in band]
    if max(middles) - min(middles) >= 0.45 * min(unit.rows[0][0].size for unit in band) and len(band) > 1:
        return None
    return [unit.rows[0][0] for unit in sorted(band, key=lambda each: each.box[0])]


def _stacked(band: Sequence[_Unit]) -> list[list[Line]]:
    """Rows of a band that no cut parts: lines with like middles together, groups on their own."""
    rows: list[list[_Unit]] = []
    for unit in sorted(band, key=lambda each: (each.box[1] + each.box[3]) / 2):
        if rows and _row([*rows[-1], unit]) is not None:
            rows[-1].append(unit)
        else:
            rows.append([unit])
    found = []
    for row in rows:
        found += [_row(row) or []] if len(row) > 1 else row[0].rows
    return found
