"""Charts: bars with what they stand for, slices of pies, and the legend that names colours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from kantu.contenders.pipeline.boxes import hull, inside, overlap, size_of
from kantu.contenders.pipeline.colors import RGB, color_name, distance
from kantu.contenders.pipeline.seen import Box, SeenElement
from kantu.contenders.pipeline.surfaces import Scan, Surface

_NUMBER = re.compile(r"^[¥￥$]?([+-]?\d[\d,]*(?:\.\d+)?)(?:%|[^\d:：/-]{1,2})?$")
_BAR_FILLED = 0.85
_GROUND = 9  # of 255: a surface no farther from the chart's ground is a piece of it
_SAME_COLOR = 34  # of 255 between a bar and its swatch in the legend
_BASE = 3  # pixels between the feet of bars that stand on one line
_READABLE = 3  # pixels: a finer difference of bars cannot be read
_SLICE_GAP = 6  # pixels between slices, at most
_AGREE = 0.06  # of the axis between a printed number and a bar's height, at most


def number_in(text: str) -> float | None:
    """The number that a text is, with a unit or a sign of percent at most."""
    match = _NUMBER.match(text.replace(" ", ""))
    return float(match[1].replace(",", "")) if match else None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A colour and what the legend calls it."""

    color: RGB
    text: str


def legend(scan: Scan) -> tuple[_Entry, ...]:
    """Small spots of colour with a text right after them."""
    entries = []
    for surface in scan.surfaces:
        width, height = size_of(surface.box)
        if height > 1.35 * scan.unit or width > 3 * scan.unit or surface.filled < 0.6:
            continue
        after = [
            line
            for line in scan.lines
            if -1 <= line.box[0] - surface.box[2] <= 1.1 * scan.unit and overlap(line.box, surface.box, 1) > 0.6
        ]
        around = [other for other in scan.surfaces if other is not surface and inside(surface.box, other.box)]
        ground = min(around, key=lambda other: other.area, default=None)
        if after and (ground is None or distance(ground.color, surface.color) > 20):
            entries.append(_Entry(surface.color, min(after, key=lambda line: line.box[0]).text))
    return tuple(entries)


def _named(entries: Sequence[_Entry], color: RGB) -> str:
    near = min(entries, key=lambda entry: distance(entry.color, color), default=None)
    return near.text if near and distance(near.color, color) < _SAME_COLOR else ""


@dataclass(frozen=True, slots=True)
class _Stack:
    """Pieces of bars on top of each other, in a frame where bars stand upright; the lowest first."""

    pieces: tuple[tuple[Box, Surface], ...]

    @property
    def box(self) -> Box:
        return hull(box for box, _ in self.pieces)


def bars(scan: Scan) -> Iterator[SeenElement]:
    """Standing and lying bars."""
    grounds = _grounds(scan)
    found = [surface for surface in scan.surfaces if _may_be_bar(scan, surface, grounds)]
    entries = legend(scan)
    upright = list(_bars_in(scan, found, entries, lying=False))
    lying = list(_bars_in(scan, found, entries, lying=True))
    yield from upright if len(upright) >= len(lying) else lying


def _may_be_bar(scan: Scan, surface: Surface, grounds: Sequence[RGB]) -> bool:
    width, height = size_of(surface.box)
    if surface is scan.page or surface.filled < _BAR_FILLED or max(width, height) < 0.4 * scan.unit:
        return False
    if width > 0.85 * scan.width or height > 0.85 * scan.height:
        return False
    numbers = scan.lines_in(surface.box)
    if len(numbers) > 1 or any(number_in(scan.lines[number].text) is None for number in numbers):
        return False
    return all(distance(surface.color, ground) > _GROUND for ground in grounds)


def _grounds(scan: Scan) -> tuple[RGB, ...]:
    """What the numbers and names of a chart stand on."""
    page = (scan.page.color,) if scan.page else ()
    if not scan.looks:
        return page
    grounds = np.array([look.ground for look in scan.looks], dtype=np.int16)  # [lines, 3]
    alike = (np.abs(grounds[:, None] - grounds).max(axis=2) <= 4).mean(axis=1)
    return (*page, *dict.fromkeys(scan.looks[number].ground for number in np.flatnonzero(alike > 0.25).tolist()))


def _turned(box: Box) -> Box:
    """A lying bar's box in a frame where it stands upright: values grow towards smaller y."""
    x1, y1, x2, y2 = box
    return y1, -x2, y2, -x1


def _bars_in(scan: Scan, found: Sequence[Surface], entries: Sequence[_Entry], *, lying: bool) -> Iterator[SeenElement]:
    def frame(box: Box) -> Box:
        return _turned(box) if lying else box

    texts = [(number, frame(line.box)) for number, line in enumerate(scan.lines)]
    for group in _groups(_stacks([(frame(surface.box), surface) for surface in found])):
        whole = hull(stack.box for stack in group)
        inner = [number_in(scan.lines[n].text) for n, box in texts if _near_group(box, whole, scan.unit)]
        if sum(number is not None for number in inner) < 2:
            continue
        axis = _axis(scan, texts, whole)
        if axis is None and not _numbers_fit(scan, texts, group):
            continue
        for stack in group:
            label = _label(scan, texts, stack.box, whole, lying=lying)
            for place, (box, surface) in enumerate(stack.pieces):
                printed = _printed(scan, texts, box, top=len(stack.pieces) == 1 or place == len(stack.pieces) - 1)
                value = _value(axis, printed, box, lone=len(stack.pieces) == 1)
                series = _named(entries, surface.color)
                yield SeenElement(
                    "bar", surface.box, color_name(surface.color), label=label, series=series, value=value,
                    lines=scan.lines_in(surface.box),
                )  # fmt: skip


def _numbers_fit(scan: Scan, texts: Sequence[tuple[int, Box]], group: Sequence[_Stack]) -> bool:
    """Whether the numbers printed for bars grow with their heights."""
    scales = []
    for stack in group:
        for place, (box, _) in enumerate(stack.pieces):
            printed = _printed(scan, texts, box, top=place == len(stack.pieces) - 1)
            if printed:
                scales.append(printed / (box[3] - box[1]))
    count = sum(len(stack.pieces) for stack in group)
    middle = float(np.median(scales)) if scales else 0.0
    return sum(abs(scale - middle) <= 0.15 * abs(middle) for scale in scales) >= max(2, 0.5 * count)


def _near_group(box: Box, whole: Box, unit: float) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return whole[0] - 6 * unit <= x <= whole[2] + 6 * unit and whole[1] - 8 * unit <= y <= whole[3] + 6 * unit


def _stacks(pieces: Sequence[tuple[Box, Surface]]) -> list[_Stack]:
    """Pieces of one width right on top of each other are one bar."""
    stacks: list[list[tuple[Box, Surface]]] = []
    for box, surface in sorted(pieces, key=lambda piece: -piece[0][3]):
        for stack in stacks:
            top = stack[-1][0]
            if abs(top[0] - box[0]) <= 2 and abs(top[2] - box[2]) <= 2 and -2 <= top[1] - box[3] <= 4:
                stack.append((box, surface))
                break
        else:
            stacks.append([(box, surface)])
    return [_Stack(tuple(stack)) for stack in stacks]


def _groups(stacks: Sequence[_Stack]) -> Iterator[list[_Stack]]:
    """Bars of one width that stand on one line."""
    rest = list(stacks)
    while rest:
        first = rest[0].box
        width = first[2] - first[0]
        group = [
            stack
            for stack in rest
            if abs(stack.box[3] - first[3]) <= _BASE
            and abs((stack.box[2] - stack.box[0]) - width) <= max(2.0, 0.12 * width)
        ]
        rest = [stack for stack in rest if stack not in group]
        heights = {stack.box[3] - stack.box[1] for stack in group}
        if len(group) >= 2 and len(heights) >= 2:
            yield sorted(group, key=lambda stack: stack.box[0])


@dataclass(frozen=True, slots=True)
class _Axis:
    """value = start + slope * position."""

    start: float
    slope: float
    reach: float

    def at(self, position: float) -> float:
        return self.start + self.slope * position


def _axis(scan: Scan, texts: Sequence[tuple[int, Box]], whole: Box) -> _Axis | None:
    """The scale beside bars: numbers outside of them that grow evenly upwards."""
    unit = scan.unit
    ticks = []
    for number, box in texts:
        value = number_in(scan.lines[number].text)
        beside = box[2] <= whole[0] + 2 or box[0] >= whole[2] - 2
        middle = (box[1] + box[3]) / 2
        if value is not None and beside and whole[1] - 8 * unit <= middle <= whole[3] + unit:
            ticks.append((middle, value, (box[0] + box[2]) / 2))
    best: list[tuple[float, float]] = []
    for _, _, across in ticks:
        column = [(middle, value) for middle, value, at in ticks if abs(at - across) <= 2.5 * unit]
        best = max(best, column, key=len)
    if len(best) < 2:
        return None
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
    return _Axis(start, slope, reach) if fitting >= max(2, 0.6 * len(best)) else None


def _printed(scan: Scan, texts: Sequence[tuple[int, Box]], bar: Box, *, top: bool) -> float | None:
    """The number printed in a bar, or right beyond its end."""
    best: tuple[float, float] | None = None
    for number, box in texts:
        value = number_in(scan.lines[number].text)
        if value is None or abs(sum(box[::2]) - sum(bar[::2])) > max(bar[2] - bar[0], scan.unit):
            continue
        gap = bar[1] - box[3]
        within = box[1] >= bar[1] - 3 and box[3] <= bar[3] + 3
        if within or (top and -0.4 * scan.unit <= gap <= 1.3 * scan.unit):
            off = abs(gap)
            if best is None or off < best[0]:
                best = off, value
    return best[1] if best else None


def _value(axis: _Axis | None, printed: float | None, box: Box, *, lone: bool) -> float | None:
    """What a bar stands for: the number printed for it, if its height does not say otherwise, else its height."""
    if axis is None:
        return printed
    top, foot = axis.at(box[1] - 0.5), axis.at(box[3] - 0.5)
    measured = top if lone and abs(foot) < 0.05 * axis.reach else top - foot
    if printed is not None and abs(printed - measured) <= _AGREE * axis.reach:
        return printed
    digits = -math.floor(math.log10(max(abs(axis.slope), 1e-9) * _READABLE))
    return round(measured, digits) if digits > 0 else float(round(measured))


def _label(scan: Scan, texts: Sequence[tuple[int, Box]], bar: Box, whole: Box, *, lying: bool) -> str:
    """The name under a bar, or before a lying one; the lines it was broken into are joined."""
    unit, middle = scan.unit, (bar[0] + bar[2]) / 2
    below = [
        (number, box) for number, box in texts if -0.4 * unit <= box[1] - whole[3] <= (1.6 if lying else 3.6) * unit
    ]
    if not below:
        return ""
    if lying:
        near = min(abs((box[0] + box[2]) / 2 - middle) for _, box in below)
        chosen = [each for each in below if abs((each[1][0] + each[1][2]) / 2 - middle) <= near + 1.1 * unit]
        firsts = min(chosen, key=lambda each: abs((each[1][0] + each[1][2]) / 2 - middle))
        return scan.lines[firsts[0]].text
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


def slices(scan: Scan) -> Iterator[SeenElement]:
    """The slices of pies and rings: surfaces that make up a disc together."""
    entries = legend(scan)
    for members in _pies(scan):
        total = sum(_enclosed(surface) for surface in members)
        center, radius = _circle([surface.box for surface in members])
        for surface in members:
            share = 100 * _enclosed(surface) / total
            name = _named(entries, surface.color)
            beside = _text_at(scan, surface, center, radius)
            label = name or _words(beside)
            printed = _percentage(beside)
            value = printed if printed is not None and abs(printed - share) < 4 else round(share, 1)
            yield SeenElement(
                "slice", surface.box, color_name(surface.color), label=label, value=value, text=beside,
                lines=scan.lines_in(surface.box),
            )  # fmt: skip


def _enclosed(surface: Surface) -> float:
    width, height = size_of(surface.box)
    return surface.filled * width * height


def _circle(boxes: Sequence[Box]) -> tuple[tuple[float, float], float]:
    x1, y1, x2, y2 = hull(boxes)
    return ((x1 + x2) / 2, (y1 + y2) / 2), (x2 - x1 + y2 - y1) / 4


def _pies(scan: Scan) -> Iterator[list[Surface]]:
    """Groups of surfaces whose common outline is a circle."""
    least = (3.5 * scan.unit) ** 2 * 0.02
    grounds = _grounds(scan)
    parts = [
        surface
        for surface in scan.surfaces
        if surface is not scan.page and surface.area > least and not scan.lines_in(surface.box)[2:]
        and all(distance(surface.color, ground) > _GROUND for ground in grounds)
    ]  # fmt: skip
    while parts:
        members = [parts.pop()]
        for surface in members:  # grows while neighbours are found
            near = [other for other in parts if _touch(surface.box, other.box)]
            parts = [other for other in parts if other not in near]
            members += near
        box = hull(surface.box for surface in members)
        width, height = size_of(box)
        if len(members) < 2 or min(width, height) < 4 * scan.unit or not 0.93 <= width / height <= 1.07:
            continue
        inked = np.isin(scan.labels[box[1] : box[3], box[0] : box[2]], [surface.label for surface in members])
        if _is_disc(inked):
            yield members


def _touch(a: Box, b: Box) -> bool:
    """Whether two boxes overlap, or nearly do."""
    return all(min(a[axis + 2], b[axis + 2]) - max(a[axis], b[axis]) > -_SLICE_GAP for axis in (0, 1))


def _is_disc(mask: npt.NDArray[np.bool_]) -> bool:
    """Whether what is true fills a disc or a ring, but for the lines between slices and the numbers on them."""
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width]
    far = np.hypot((x - (width - 1) / 2) / (width / 2), (y - (height - 1) / 2) / (height / 2))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)) > 0
    rim = (far > 0.75) & (far < 0.96)
    return bool(closed[rim].mean() > 0.9 and closed[far > 1.04].mean() < 0.08)


def _text_at(scan: Scan, surface: Surface, center: tuple[float, float], radius: float) -> str:
    """What is printed on a slice, or outside the circle in its direction."""
    inner = [n for n in scan.lines_in(surface.box) if _on(scan, n, surface)]
    if inner:
        return scan.text_of(inner)
    x1, y1, x2, y2 = surface.box
    ys, xs = np.nonzero(scan.labels[y1:y2, x1:x2] == surface.label)
    angle = math.atan2(float(ys.mean()) + y1 - center[1], float(xs.mean()) + x1 - center[0])
    best = None
    for number, line in enumerate(scan.lines):
        x, y = _nearest_point(line.box, center)
        far = math.hypot(x - center[0], y - center[1])
        if not 1.0 * radius <= far <= 1.55 * radius + scan.unit:
            continue
        off = abs(math.remainder(math.atan2(y - center[1], x - center[0]) - angle, math.tau))
        if off < 0.3 and (best is None or off < best[0]):
            best = off, number
    return scan.lines[best[1]].text if best else ""


def _nearest_point(box: Box, point: tuple[float, float]) -> tuple[float, float]:
    return min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])


def _on(scan: Scan, number: int, surface: Surface) -> bool:
    """Whether a line is printed on a surface and not only in its box."""
    x1, y1, x2, y2 = scan.lines[number].box
    return bool((scan.labels[y1:y2, x1:x2] == surface.label).mean() > 0.25)


def _words(text: str) -> str:
    """A text without the share at its end."""
    return re.sub(r"[\s:：]*[\d.]+\s*%?$", "", text)


def _percentage(text: str) -> float | None:
    match = re.search(r"(\d+(?:\.\d+)?)\s*%", text)
    return float(match[1]) if match else None
