"""Pies and rings, by surfaces that make up a disc together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from kantu.contenders.pipeline.axes import GROUND_STEP, grounds_of, legend, name_of
from kantu.contenders.pipeline.boxes import size_of
from kantu.contenders.pipeline.colors import color_name, distance
from kantu.contenders.pipeline.seen import Box, SeenElement
from kantu.contenders.pipeline.surfaces import Scan, Surface
from kantu.solve.boxes import hull

_SLICE_GAP = 6  # pixels between slices, at most


def slices(scan: Scan) -> Iterator[SeenElement]:
    """The slices of pies and rings: surfaces that make up a disc together."""
    entries = legend(scan)
    for members in _pies(scan):
        total = sum(_enclosed(surface) for surface in members)
        center, radius = _circle([surface.box for surface in members])
        for surface in members:
            share = 100 * _enclosed(surface) / total
            name = name_of(entries, surface.color)
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
    grounds = grounds_of(scan)
    parts = [
        surface
        for surface in scan.surfaces
        if surface is not scan.page and surface.area > least and not scan.lines_in(surface.box)[2:]
        and all(distance(surface.color, ground) > GROUND_STEP for ground in grounds)
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
        if not radius <= far <= 1.2 * radius + 1.5 * scan.unit:
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
