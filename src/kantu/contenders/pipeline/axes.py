"""What charts have in common: numbers along an axis, a legend, the ground they stand on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kantu.contenders.pipeline.boxes import overlap, size_of
from kantu.contenders.pipeline.colors import RGB, distance, line_look, main_colors
from kantu.contenders.pipeline.seen import Box
from kantu.contenders.pipeline.surfaces import Scan

GROUND_STEP = 9  # of 255: a surface no farther from the chart's ground is a piece of it
_NUMBER = re.compile(r"^[¥￥$]?([+-]?\d[\d,]*(?:\.\d+)?)(?:%|[^\d:：/-]{1,2})?$")
_SAME_COLOR = 34  # of 255 between a bar and its swatch in the legend
_SWATCH_SHARE = 0.25  # of the square at the left end of a line
_READABLE = 3  # pixels: a finer difference cannot be read from a picture
_AGREE = 0.06  # of the axis between a printed number and what was measured, at most

Texts = Sequence[tuple[int, Box]]
"""Lines by their numbers, with their boxes in the frame that a chart is read in."""


def number_in(text: str) -> float | None:
    """The number that a text is, with a unit or a sign of percent at most."""
    match = _NUMBER.match(text.replace(" ", ""))
    return float(match[1].replace(",", "")) if match else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A colour and what the legend calls it."""

    color: RGB
    text: str
    line: int = -1


def legend(scan: Scan) -> tuple[Entry, ...]:
    """Small spots of colour with a text right after them."""
    entries = []
    for blob in scan.blobs:
        width, height = size_of(blob.box)
        if blob.lines or height > 1.35 * scan.unit or width > 3 * scan.unit or blob.filled < 0.4:
            continue
        after = [
            (line.box[0], number)
            for number, line in enumerate(scan.lines)
            if -1 <= line.box[0] - blob.box[2] <= 1.1 * scan.unit
            and overlap(line.box, blob.box, 1) > 0.6
            and number_in(line.text) is None
        ]
        if after:
            colors = main_colors(scan.crop(blob.box).reshape(-1, 3), 3)
            color = max(colors, key=lambda color: distance(color, blob.around), default=blob.around)
            if distance(color, blob.around) > 20:
                number = min(after)[1]
                entries.append(Entry(color, scan.lines[number].text, number))
    named = {entry.line for entry in entries}
    for number in range(len(scan.lines)):
        if number not in named and (swatch := _swatch_within(scan, number)) is not None:
            entries.append(Entry(swatch, scan.lines[number].text.lstrip("■●▪•◆ "), number))
    return tuple(entries)


def _swatch_within(scan: Scan, number: int) -> RGB | None:
    """The colour of a spot that the reader has taken for a part of the line: a block of its own colour at its left."""
    x1, y1, x2, y2 = scan.lines[number].box
    height = y2 - y1
    if x2 - x1 < 2 * height or number_in(scan.lines[number].text) is not None:
        return None
    rest = line_look(scan.pixels, (x1 + round(1.2 * height), y1, x2, y2))
    left = scan.crop((max(0, x1 - height // 4), y1, x1 + height, y2))
    colors = main_colors(left.reshape(-1, 3), 3, least=_SWATCH_SHARE)
    apart = [color for color in colors if min(distance(color, rest.ground), distance(color, rest.ink)) > _SAME_COLOR]
    return apart[0] if apart else None


def name_of(entries: Sequence[Entry], color: RGB) -> str:
    near = min(entries, key=lambda entry: distance(entry.color, color), default=None)
    return near.text if near and distance(near.color, color) < _SAME_COLOR else ""


def grounds_of(scan: Scan) -> tuple[RGB, ...]:
    """What the numbers and names of a chart stand on."""
    page = (scan.page.color,) if scan.page else ()
    if not scan.looks:
        return page
    grounds = np.array([look.ground for look in scan.looks], dtype=np.int16)  # [lines, 3]
    alike = (np.abs(grounds[:, None] - grounds).max(axis=2) <= 4).mean(axis=1)
    return (*page, *dict.fromkeys(scan.looks[number].ground for number in np.flatnonzero(alike > 0.25).tolist()))


@dataclass(frozen=True, slots=True)
class Axis:
    """value = start + slope * position, in pixels from the top."""

    start: float
    slope: float
    reach: float

    def at(self, position: float) -> float:
        """The value at a position."""
        return self.start + self.slope * position

    def read(self, measured: float, printed: float | None) -> float:
        """The printed number where it is about what was measured; else that, as finely as it can be read."""
        if printed is not None and abs(printed - measured) <= _AGREE * self.reach:
            return printed
        digits = -math.floor(math.log10(max(abs(self.slope), 1e-9) * _READABLE))
        return round(measured, digits) if digits > 0 else float(round(measured))


def axis_of(ticks: Sequence[tuple[float, float, float]], unit: float) -> Axis | None:
    """The scale of numbers under each other that grow evenly upwards; each with its y, its value and its x."""
    best: list[tuple[float, float]] = []
    for _, _, across in ticks:
        column = [(middle, value) for middle, value, at in ticks if abs(at - across) <= 2.5 * unit]
        best = max(best, column, key=len)
    slopes = [
        (b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(best) for b in best[i + 1 :] if abs(b[0] - a[0]) > unit / 2
    ]
    if not slopes:
        return None
    slope = float(np.median(slopes))
    if slope >= 0:
        return None
    start = float(np.median([value - slope * middle for middle, value in best]))
    reach = max(value for _, value in best) - min(value for _, value in best)
    fitting = sum(abs(start + slope * middle - value) <= 0.03 * reach for middle, value in best)
    return Axis(start, slope, reach) if fitting >= max(2, 0.6 * len(best)) else None


def name_under(scan: Scan, below: Texts, middle: float) -> str:
    """The name whose middle is nearest in the first row of texts; the lines it was broken into are joined."""
    if not below:
        return ""
    unit = scan.unit
    first_row = min(box[1] for _, box in below)
    row = [each for each in below if each[1][1] - first_row < 0.6 * unit]
    _, nearest = min(row, key=lambda each: abs((each[1][0] + each[1][2]) / 2 - middle))
    column = [
        (box[1], scan.lines[number].text)
        for number, box in below
        if abs(sum(box[::2]) - sum(nearest[::2])) / 2 < max(0.8 * unit, 0.5 * (nearest[2] - nearest[0]))
        and box[1] - first_row < 2.4 * unit
    ]
    return "".join(text for _, text in sorted(column))
