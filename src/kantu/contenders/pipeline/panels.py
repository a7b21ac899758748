"""Panels: flat grounds with text on them, set off from what is around them by their colour or by a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kantu.contenders.pipeline.boxes import area_of, inside, overlap, same_place, size_of
from kantu.contenders.pipeline.colors import RGB, as_rgb, common_color, distance
from kantu.contenders.pipeline.seen import Box
from kantu.contenders.pipeline.surfaces import Scan, Surface
from kantu.solve.boxes import hull

_FILLED = 0.62  # of its box, at least: what fills less is cut into by something
_MOST_OF_PAGE = 0.9
_RING = 4  # pixels outside a panel, where its surroundings are looked at
_OWN_GROUND = 8  # of 255 from what is around it
_ADJACENT = 5  # pixels between the cells of a grid, at most


@dataclass(frozen=True, slots=True)
class Panel:
    """A ground with text.

    Attributes:
        color: of the ground.
        edge: the colour of its frame; that of the ground where it has none.
        around: the colour outside of it.
        lines: those whose middle lies in it.
        text_box: the box of these lines.
        line_height: that of its first line.
        filled: the share of its box that it fills.
        rows: how many rows its lines stand in.
        cell: whether it is one of a grid.
    """

    box: Box
    color: RGB
    edge: RGB
    around: RGB
    lines: tuple[int, ...]
    text_box: Box
    line_height: int
    filled: float
    rows: int
    cell: bool

    @property
    def own_ground(self) -> bool:
        """Whether it is told from its surroundings by its colour, and not by a frame alone."""
        return distance(self.color, self.around) > _OWN_GROUND

    def holds(self, other: Panel) -> bool:
        """Whether another panel lies in it."""
        return self is not other and inside(other.box, self.box, 1) and area_of(other.box) < 0.8 * area_of(self.box)


def panels_of(scan: Scan) -> tuple[Panel, ...]:
    """All panels of a page, large ones first."""
    found: list[tuple[Box, Surface, tuple[int, ...]]] = []
    for surface in sorted(scan.surfaces, key=lambda surface: -area_of(surface.box)):
        if surface is scan.page or surface.filled < _FILLED or size_of(surface.box)[1] < 0.8 * scan.unit:
            continue
        if area_of(surface.box) > _MOST_OF_PAGE * scan.width * scan.height:
            continue
        numbers = tuple(n for n in scan.lines_in(surface.box) if inside(scan.lines[n].box, surface.box, 3))
        box = _whole(scan, surface)
        if numbers and not any(same_place(box, other) > 0.85 for other, _, _ in found):
            found.append((box, surface, numbers))
    boxes = [box for box, _, _ in found]
    return tuple(_panel(scan, box, surface, numbers, boxes) for box, surface, numbers in found)


def _whole(scan: Scan, surface: Surface) -> Box:
    """A surface's box with the soft edge or the frame around it."""
    around = [
        blob.box
        for blob in scan.blobs
        if inside(surface.box, blob.box) and all(abs(a - b) <= 5 for a, b in zip(surface.box, blob.box, strict=True))
    ]
    return min(around, key=area_of, default=surface.box)


def _panel(scan: Scan, box: Box, surface: Surface, numbers: Sequence[int], boxes: Sequence[Box]) -> Panel:
    lines = [scan.lines[number].box for number in numbers]
    rows = 0
    bottom = -1.0
    for line in sorted(lines, key=lambda line: line[1] + line[3]):
        if (line[1] + line[3]) / 2 > bottom:
            rows, bottom = rows + 1, float(line[3])
    beside = sum(_adjacent(box, other, 0) for other in boxes if other is not box)
    above = sum(_adjacent(box, other, 1) for other in boxes if other is not box)
    return Panel(
        box=box,
        color=surface.color,
        edge=_edge(scan, box, surface.color),
        around=_around(scan, box),
        lines=tuple(numbers),
        text_box=hull(lines),
        line_height=lines[0][3] - lines[0][1],
        filled=surface.filled,
        rows=rows,
        cell=beside >= 1 and above >= 1,
    )


def _edge(scan: Scan, box: Box, ground: RGB) -> RGB:
    """The colour at the middles of a box's sides that is farthest from its ground, as most sides have it."""
    x1, y1, x2, y2 = box
    x, y = (x1 + x2) // 2, (y1 + y2) // 2
    sides = (
        scan.pixels[y, x1 : x1 + 3],
        scan.pixels[y, x2 - 3 : x2],
        scan.pixels[y1 : y1 + 3, x],
        scan.pixels[y2 - 3 : y2, x],
    )
    farthest = [
        side[np.abs(side.astype(np.int16) - np.array(ground, dtype=np.int16)).max(axis=1).argmax()] for side in sides
    ]
    return as_rgb(np.median(farthest, axis=0))


def _around(scan: Scan, box: Box) -> RGB:
    """The colour that most of the pixels around a box have."""
    x1, y1, x2, y2 = box
    height, width = scan.height, scan.width
    sides = []
    inset_x, inset_y = (x2 - x1) // 6, (y2 - y1) // 6
    for y in (y1 - _RING, y2 + _RING - 1):
        if 0 <= y < height:
            sides.append(scan.pixels[y, x1 + inset_x : x2 - inset_x])
    for x in (x1 - _RING, x2 + _RING - 1):
        if 0 <= x < width:
            sides.append(scan.pixels[y1 + inset_y : y2 - inset_y, x])
    pixels = np.concatenate(sides) if sides else scan.crop(box).reshape(-1, 3)
    return common_color(pixels) if len(pixels) else scan.page.color if scan.page else (255, 255, 255)


def _adjacent(a: Box, b: Box, axis: int) -> bool:
    """Whether two boxes are neighbours in a grid: side by side (0) and of one height, or above each other (1)."""
    gap = min(abs(a[axis] - b[axis + 2]), abs(b[axis] - a[axis + 2]))
    other = 1 - axis
    sizes = (a[other + 2] - a[other], b[other + 2] - b[other])
    return gap <= _ADJACENT and abs(sizes[0] - sizes[1]) <= 4 and overlap(a, b, other) > 0.85
