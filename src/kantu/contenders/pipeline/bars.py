"""Bars, standing or lying, alone, in groups or in stacks, with what each stands for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kantu.contenders.pipeline.axes import (
    GROUND_STEP,
    Axis,
    Entry,
    Texts,
    axis_of,
    grounds_of,
    legend,
    name_of,
    name_under,
    number_in,
)
from kantu.contenders.pipeline.boxes import size_of
from kantu.contenders.pipeline.colors import RGB, color_name, distance
from kantu.contenders.pipeline.seen import Box, SeenElement
from kantu.contenders.pipeline.surfaces import Scan, Surface
from kantu.solve.boxes import hull

_FILLED = 0.76  # of its box: bars may have round ends
_MOST_OF_PAGE = 0.94
_BASE = 3  # pixels between the feet of bars that stand on one line


@dataclass(frozen=True, slots=True)
class _Stack:
    """Pieces of bars on top of each other, in a frame where bars stand upright; the lowest first."""

    pieces: tuple[tuple[Box, Surface], ...]

    @property
    def box(self) -> Box:
        return hull(box for box, _ in self.pieces)


def bars(scan: Scan) -> Iterator[SeenElement]:
    """Standing and lying bars."""
    grounds = grounds_of(scan)
    found = [surface for surface in scan.surfaces if _may_be_bar(scan, surface, grounds)]
    entries = legend(scan)
    upright = list(_bars_in(scan, found, entries, lying=False))
    lying = list(_bars_in(scan, found, entries, lying=True))
    yield from upright if len(upright) >= len(lying) else lying


def _may_be_bar(scan: Scan, surface: Surface, grounds: Sequence[RGB]) -> bool:
    width, height = size_of(surface.box)
    if surface is scan.page or surface.filled < _FILLED or max(width, height) < 0.4 * scan.unit:
        return False
    if width > _MOST_OF_PAGE * scan.width or height > _MOST_OF_PAGE * scan.height:
        return False
    numbers = scan.lines_in(surface.box)
    if len(numbers) > 1 or any(number_in(scan.lines[number].text) is None for number in numbers):
        return False
    return all(distance(surface.color, ground) > GROUND_STEP for ground in grounds)


def _turned(box: Box) -> Box:
    """A lying bar's box in a frame where it stands upright: values grow towards smaller y."""
    x1, y1, x2, y2 = box
    return y1, -x2, y2, -x1


def _bars_in(scan: Scan, found: Sequence[Surface], entries: Sequence[Entry], *, lying: bool) -> Iterator[SeenElement]:
    def frame(box: Box) -> Box:
        return _turned(box) if lying else box

    texts = [(number, frame(line.box)) for number, line in enumerate(scan.lines)]
    in_legend = {entry.line for entry in entries}
    names = [(number, box) for number, box in texts if number not in in_legend]
    for group in _groups(_stacks([(frame(surface.box), surface) for surface in found])):
        whole = hull(stack.box for stack in group)
        inner = [number_in(scan.lines[n].text) for n, box in texts if _near_group(box, whole, scan.unit)]
        if sum(number is not None for number in inner) < 2:
            continue
        axis = _scale(scan, texts, whole)
        if axis is None and not _numbers_fit(scan, texts, group):
            continue
        seam = _seam(group)
        for stack in group:
            label = _label(scan, names, stack.box, whole, lying=lying)
            for place, (box, surface) in enumerate(stack.pieces):
                printed = _printed(scan, texts, box, top=len(stack.pieces) == 1 or place == len(stack.pieces) - 1)
                value = _value(axis, printed, box, seam, lone=len(stack.pieces) == 1)
                series = name_of(entries, surface.color)
                yield SeenElement(
                    "bar", surface.box, color_name(surface.color), label=label, series=series, value=value,
                    lines=scan.lines_in(surface.box),
                )  # fmt: skip


def _numbers_fit(scan: Scan, texts: Texts, group: Sequence[_Stack]) -> bool:
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


def _seam(group: Sequence[_Stack]) -> float:
    """Pixels between the pieces of stacks, half of which belong to each."""
    gaps = [low[0][1] - high[0][3] for stack in group for low, high in itertools.pairwise(stack.pieces)]
    return max(0.0, float(np.median(gaps))) if gaps else 0.0


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


def _scale(scan: Scan, texts: Texts, whole: Box) -> Axis | None:
    """The axis beside bars."""
    unit = scan.unit
    ticks = []
    for number, box in texts:
        value = number_in(scan.lines[number].text)
        beside = box[2] <= whole[0] + 2 or box[0] >= whole[2] - 2
        middle = (box[1] + box[3]) / 2
        if value is not None and beside and whole[1] - 8 * unit <= middle <= whole[3] + unit:
            ticks.append((middle, value, (box[0] + box[2]) / 2))
    return axis_of(ticks, unit)


def _printed(scan: Scan, texts: Texts, bar: Box, *, top: bool) -> float | None:
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


def _value(axis: Axis | None, printed: float | None, box: Box, seam: float, *, lone: bool) -> float | None:
    """What a bar stands for: the number printed for it, if its height does not say otherwise, else its height."""
    if axis is None:
        return printed
    top, foot = axis.at(box[1] - 0.5 - seam / 2), axis.at(box[3] - 0.5 + seam / 2)
    measured = top if lone and abs(foot) < 0.05 * axis.reach else top - foot
    return axis.read(measured, printed)


def _label(scan: Scan, texts: Texts, bar: Box, whole: Box, *, lying: bool) -> str:
    """The name under a bar, or before a lying one; the lines it was broken into are joined."""
    unit, middle = scan.unit, (bar[0] + bar[2]) / 2
    below = [
        (number, box)
        for number, box in texts
        if -0.4 * unit <= box[1] - whole[3] <= (1.6 if lying else 3.6) * unit
        and whole[0] - unit / 2 <= (box[0] + box[2]) / 2 <= whole[2] + unit / 2
    ]
    if not below:
        return ""
    if lying:
        near = min(abs((box[0] + box[2]) / 2 - middle) for _, box in below)
        chosen = [each for each in below if abs((each[1][0] + each[1][2]) / 2 - middle) <= near + 1.1 * unit]
        firsts = min(chosen, key=lambda each: abs((each[1][0] + each[1][2]) / 2 - middle))
        return scan.lines[firsts[0]].text
    return name_under(scan, below, middle)
