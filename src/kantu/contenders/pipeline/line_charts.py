"""The points of line charts: above each category's name, where a line in a colour of the legend passes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from kantu.contenders.pipeline.axes import (
    Axis,
    Entry,
    Texts,
    axis_of,
    legend,
    name_under,
    number_in,
)
from kantu.contenders.pipeline.boxes import shared, size_of
from kantu.contenders.pipeline.colors import RGB, color_name, common_color, distance
from kantu.contenders.pipeline.rows import Rows
from kantu.contenders.pipeline.seen import Box, SeenElement
from kantu.contenders.pipeline.surfaces import Scan

_LEAST_NAMES = 3
_LEAST_TICKS = 3
_AXIS_GAP = 6.0  # lines between an axis and the first name
_EVEN = 1.3  # the widest step between names is at most so many times the narrowest
_LINE_COLOR = 48  # of 255 between a line's pixels and its swatch
_POINT = 4  # pixels from a point to the edges of its box


def points(scan: Scan, rows: Rows, bars: Sequence[SeenElement]) -> Iterator[SeenElement]:
    """The points of each line chart of a page, where no bars were found."""
    entries = legend(scan)
    for names in itertools.chain.from_iterable(_names(scan, row) for row in rows):
        axis, top = _axis_over(scan, names)
        foot = min(scan.lines[number].box[1] for number in names)
        numbers = _numbers_over(scan, names, top, foot)
        if axis is None and (len(numbers) < len(names) or any(_is_number(scan, number) for number in names)):
            continue  # a calendar has rows of numbers, too
        plot = (round(_middle(scan, names[0])), top, round(_middle(scan, names[-1])), foot)
        if any(shared(bar.box, plot) for bar in bars):
            continue
        series = _series(scan, [entry for entry in entries if entry.line not in names], plot)
        for number in names:
            middle = _middle(scan, number)
            label = name_under(scan, _below(scan, foot, entries), middle)
            for entry in series:
                yield from _point(scan, entry, series, label, middle, (top, foot), axis, numbers)


def _is_number(scan: Scan, number: int) -> bool:
    return number_in(scan.lines[number].text) is not None


def _middle(scan: Scan, number: int) -> float:
    box = scan.lines[number].box
    return (box[0] + box[2]) / 2


def _names(scan: Scan, row: Sequence[int]) -> Iterator[list[int]]:
    """The parts of a row whose texts stand at even distances: charts may stand side by side."""
    run: list[int] = []
    for number in row:
        if len(run) >= 2:
            steps = [_middle(scan, b) - _middle(scan, a) for a, b in itertools.pairwise([*run, number])]
            if max(steps) > _EVEN * min(steps) + 3:
                if len(run) >= _LEAST_NAMES:
                    yield run
                    run = []
                else:
                    run = run[-1:]
        run = [*run, number]
    if len(run) >= _LEAST_NAMES:
        yield run


def _axis_over(scan: Scan, names: Sequence[int]) -> tuple[Axis | None, int]:
    """The axis that ends over the left end of a row of names, and the top of the plot."""
    left, foot = scan.lines[names[0]].box[0], scan.lines[names[0]].box[1]
    ticks, tops = [], []
    for line in scan.lines:
        value = number_in(line.text)
        _, y1, x2, y2 = line.box
        if (
            value is not None
            and left - _AXIS_GAP * scan.unit <= x2 <= left + 1.5 * scan.unit
            and y1 < foot
            and y2 > foot - 0.9 * scan.height
        ):
            ticks.append(((y1 + y2) / 2, value, float(x2)))
            tops.append(y1)
    lowest = max((middle for middle, _, _ in ticks), default=0.0)
    near = lowest - 0.6 * scan.unit <= foot <= lowest + 3 * scan.unit
    axis = axis_of(ticks, scan.unit) if near and len(ticks) >= _LEAST_TICKS else None
    return axis, max(0, min(tops)) if axis else max(0, foot - round(12 * scan.unit))


def _below(scan: Scan, foot: int, entries: Sequence[Entry]) -> Texts:
    unit, in_legend = scan.unit, {entry.line for entry in entries}
    return [
        (number, line.box)
        for number, line in enumerate(scan.lines)
        if -0.5 * unit <= line.box[1] - foot <= 3 * unit and number not in in_legend
    ]


def _numbers_over(scan: Scan, names: Sequence[int], top: int, foot: int) -> list[tuple[int, float]]:
    """Lines over names that are numbers, with what they say."""
    found = []
    for number, line in enumerate(scan.lines):
        value = number_in(line.text)
        middle = (line.box[0] + line.box[2]) / 2
        near = min(abs(_middle(scan, name) - middle) for name in names)
        if value is not None and near < 0.9 * scan.unit and top - 2 * scan.unit < line.box[1] < foot - 0.5 * scan.unit:
            found.append((number, value))
    return found


def _series(scan: Scan, entries: Sequence[Entry], plot_box: Box) -> list[Entry]:
    """The lines' colours: those of the legend that are in the plot, else the one that stands out most."""
    x1, top, x2, foot = plot_box
    plot = scan.bare[top:foot, x1:x2].reshape(-1, 3).astype(np.int16)
    if not len(plot):
        return []
    present = [
        entry
        for entry in entries
        if (np.abs(plot - np.array(entry.color, dtype=np.int16)).max(axis=1) < _LINE_COLOR).sum() > 0.8 * (x2 - x1)
    ]
    if present:
        return present
    ground = np.array(common_color(plot.astype(np.uint8)), dtype=np.int16)
    saturation = plot.max(axis=1) - plot.min(axis=1)
    colored = plot[(saturation > 60) & (np.abs(plot - ground).max(axis=1) > 60)]
    if len(colored) < 0.8 * (x2 - x1):
        return []
    return [Entry(common_color(colored.astype(np.uint8)), "")]


def _point(
    scan: Scan,
    entry: Entry,
    series: Sequence[Entry],
    label: str,
    middle: float,
    span: tuple[int, int],
    axis: Axis | None,
    numbers: Sequence[tuple[int, float]],
) -> Iterator[SeenElement]:
    top, foot = span
    height = _height_at(scan, entry.color, [other.color for other in series], round(middle), top, foot)
    printed = _number_beside(scan, entry, series, middle, height, numbers)
    if height is None or (axis is None and printed is None):
        return
    value = axis.read(axis.at(height), printed) if axis else printed
    x, y = round(middle), round(height)
    box = (x - _POINT, y - _POINT, x + _POINT, y + _POINT)
    yield SeenElement("point", box, color_name(entry.color), label=label, series=entry.text, value=value)


def _height_at(scan: Scan, color: RGB, others: Sequence[RGB], x: int, top: int, foot: int) -> float | None:
    """Where a line passes over x: the middle of its pixels there."""
    strip = scan.bare[top:foot, max(0, x - 1) : x + 2].astype(np.int16)
    far = np.abs(strip - np.array(color, dtype=np.int16)).max(axis=2)
    mine = far < _LINE_COLOR
    for other in others:
        if other != color:
            mine &= far <= np.abs(strip - np.array(other, dtype=np.int16)).max(axis=2)
    heights = np.nonzero(mine)[0]
    return float(np.median(heights)) + top if len(heights) >= 3 else None


def _number_beside(
    scan: Scan,
    entry: Entry,
    series: Sequence[Entry],
    middle: float,
    height: float | None,
    numbers: Sequence[tuple[int, float]],
) -> float | None:
    """The number printed over or under a point, in its colour where there are several lines."""
    best: tuple[float, float] | None = None
    for number, value in numbers:
        box: Box = scan.lines[number].box
        if abs((box[0] + box[2]) / 2 - middle) > max(0.7 * scan.unit, 0.3 * size_of(box)[0]):
            continue
        ink = scan.looks[number].ink
        nearest = min(series, key=lambda other: distance(other.color, ink))
        off = abs((box[1] + box[3]) / 2 - height) if height is not None else 0.0
        if off > 2.2 * scan.unit or (len(series) > 1 and distance(nearest.color, ink) < 60 and nearest != entry):
            continue
        if best is None or off < best[0]:
            best = off, value
    return best[1] if best else None
