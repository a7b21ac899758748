"""A page cut into surfaces of one colour, or of a slow gradient, and the blobs that stand on each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from kantu.contenders.pipeline.boxes import area_of, covered, inside, size_of
from kantu.contenders.pipeline.colors import RGB, LineLook, Pixels, as_rgb, line_look
from kantu.contenders.pipeline.seen import Box
from kantu.solve.reader import PrintedLine

_LEAST_STEP = 3  # of 255 between neighbours: a smaller one is a gradient
_SMOOTHING = 8.0  # times the noise: colours no farther apart are blended where a picture is noisy
_BRIM = 1  # pixels around a line that are painted over with it
_STRONG_STEP = 40
_QUIET = 0.62  # of the pixels near strong edges are as their neighbours, in a picture without noise
_LEAST_SIDE = 5  # pixels of a surface or a blob
_LEAST_AREA = 36
_MOST_SURFACES = 500
_GLYPH_HEIGHT = 1.25  # of a line's height: what is no higher and lies in the line is part of its letters


@dataclass(frozen=True, slots=True)
class Surface:
    """A piece of the page without edges in it.

    Attributes:
        label: its number in `Scan.labels`.
        area: its pixels, without the holes that other things make in it.
        filled: the share of its box that its outline encloses: 1 for a rectangle, 0.79 for a disc.
        color: the mean of its pixels.
    """

    label: int
    box: Box
    area: int
    filled: float
    color: RGB


@dataclass(frozen=True, slots=True)
class Blob:
    """Something that stands on a surface: a hole in it.

    Attributes:
        filled: the share of its box that its outline encloses.
        solid: the share of its convex hull that its outline encloses: 1 for what has no dents.
        around: the colour of the surface it stands on.
        lines: those whose middle lies in it.
        inner: the surface that makes up most of it, if there is one.
    """

    box: Box
    filled: float
    solid: float
    around: RGB
    lines: tuple[int, ...]
    inner: Surface | None


@dataclass(frozen=True)
class Scan:
    """What every finder of elements looks at.

    Attributes:
        bare: the pixels with lines of text painted over.
        looks: ink and ground of each line.
        unit: height of a usual line of this page, in pixels.
        labels: for each pixel the label of its surface, 0 on edges.
    """

    pixels: Pixels
    bare: Pixels
    lines: tuple[PrintedLine, ...]
    looks: tuple[LineLook, ...]
    unit: float
    labels: npt.NDArray[np.int32]
    surfaces: tuple[Surface, ...]
    blobs: tuple[Blob, ...]

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @cached_property
    def page(self) -> Surface | None:
        """The surface that covers most of the page."""
        return max(self.surfaces, key=lambda surface: surface.area, default=None)

    def lines_in(self, box: Box) -> tuple[int, ...]:
        """The lines whose middle lies in a box."""
        return tuple(number for number, line in enumerate(self.lines) if middle_in(line.box, box))

    def text_of(self, numbers: Sequence[int]) -> str:
        """What lines say, joined by spaces."""
        return " ".join(self.lines[number].text for number in numbers)

    def crop(self, box: Box) -> Pixels:
        """The pixels of a box."""
        x1, y1, x2, y2 = box
        return self.pixels[y1:y2, x1:x2]


def middle_in(inner: Box, outer: Box) -> bool:
    """Whether the middle of one box lies in another."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x < outer[2] and outer[1] <= y < outer[3]


def scan(pixels: Pixels, lines: Sequence[PrintedLine]) -> Scan:
    """Cut a page into surfaces and blobs."""
    heights = sorted(line.box[3] - line.box[1] for line in lines)
    unit = float(heights[len(heights) // 2]) if heights else pixels.shape[0] / 30
    looks = tuple(line_look(pixels, line.box) for line in lines)
    bare = _without_text(pixels, lines, looks)
    labels, surfaces, holes = _surfaces(bare, lines)
    blobs = tuple(_blobs(holes, surfaces, lines))
    return Scan(pixels, bare, tuple(lines), looks, unit, labels, surfaces, blobs)


def _without_text(pixels: Pixels, lines: Sequence[PrintedLine], looks: Sequence[LineLook]) -> Pixels:
    """The page with its lines painted over, so that neither letters nor the noise around them cut surfaces up."""
    bare = pixels.copy()
    for line, look in zip(lines, looks, strict=True):
        x1, y1, x2, y2 = line.box
        bare[max(y1 - _BRIM, 0) : y2 + _BRIM, max(x1 - _BRIM, 0) : x2 + _BRIM] = look.ground
    return bare


def _steps(pixels: Pixels) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """How far each pixel is from its right and from its lower neighbour, in the channel where it is farthest."""

    def strongest(step: Pixels) -> npt.NDArray[np.uint8]:
        red, green, blue = cv2.split(step)
        return np.asarray(cv2.max(cv2.max(red, green), blue), dtype=np.uint8)

    return (
        strongest(np.asarray(cv2.absdiff(pixels[:, 1:], pixels[:, :-1]))),
        strongest(np.asarray(cv2.absdiff(pixels[1:], pixels[:-1]))),
    )


def _noise(wide: npt.NDArray[np.uint8]) -> float:
    """How unquiet a picture is where it should be quiet: a few pixels from strong edges. JPEG shows there."""
    strong = (wide > _STRONG_STEP).astype(np.uint8)
    near = np.asarray(cv2.dilate(strong, np.ones((9, 9), np.uint8)))
    at = np.asarray(cv2.dilate(strong, np.ones((5, 5), np.uint8)))
    beside = wide[(near > 0) & (at == 0)]
    beside = beside[beside < 16]
    if len(beside) < 50 or float((beside == 0).mean()) > _QUIET:
        return 0.0
    return float(beside.mean())


def _flat(pixels: Pixels, lines: Sequence[PrintedLine]) -> npt.NDArray[np.uint8]:
    """1 where a pixel is about as its right and its lower neighbour."""
    wide, tall = _steps(pixels)
    noise = _noise(wide)
    if noise:
        smooth = cv2.bilateralFilter(pixels, 7, _SMOOTHING * noise, 5.0)
        wide, tall = _steps(np.asarray(smooth, dtype=np.uint8))
    flat = np.ones(pixels.shape[:2], dtype=np.uint8)
    flat[:, :-1] &= wide <= _LEAST_STEP
    flat[:-1] &= tall <= _LEAST_STEP
    for line in lines if noise else ():  # what is painted over a line is then not quite its ground
        x1, y1, x2, y2 = line.box
        flat[max(y1 - _BRIM - 1, 0) : y2 + _BRIM, max(x1 - _BRIM - 1, 0) : x2 + _BRIM] = 1
    return flat


@dataclass(frozen=True, slots=True)
class _Hole:
    box: Box
    filled: float
    solid: float
    around: RGB


def _surfaces(
    pixels: Pixels, lines: Sequence[PrintedLine]
) -> tuple[npt.NDArray[np.int32], tuple[Surface, ...], list[_Hole]]:
    _, marked, counted, _ = cv2.connectedComponentsWithStats(_flat(pixels, lines), connectivity=4)
    labels = np.asarray(marked, dtype=np.int32)
    stats = np.asarray(counted, dtype=np.int32)
    sides = stats[:, 2:4].min(axis=1)
    chosen = np.flatnonzero((sides >= _LEAST_SIDE) & (stats[:, 4] >= _LEAST_AREA))
    chosen = chosen[chosen != 0]
    boxes = stats[chosen, :4].copy()
    boxes[:, 2:] += boxes[:, :2]
    kept = chosen[~_within_letters(boxes, lines)]
    kept = kept[np.argsort(-stats[kept, 4], kind="stable")][:_MOST_SURFACES]
    surfaces: list[Surface] = []
    holes: list[_Hole] = []
    for label in kept.tolist():
        x, y, width, height, area = (int(number) for number in stats[label])
        mask = (labels[y : y + height, x : x + width] == label).astype(np.uint8)
        color = as_rgb(cv2.mean(pixels[y : y + height, x : x + width], mask)[:3])
        contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
        outer = max((c for c, node in zip(contours, tree[0], strict=True) if node[3] < 0), key=cv2.contourArea)
        filled = cv2.contourArea(outer) / max((width - 1) * (height - 1), 1)
        surfaces.append(Surface(label, (x, y, x + width, y + height), area, float(filled), color))
        for contour, node in zip(contours, tree[0], strict=True):
            if node[3] >= 0 and (hole := _hole(contour, color)) is not None:
                holes.append(hole)
    return labels, tuple(surfaces), holes


def _hole(contour: cv2.typing.MatLike, around: RGB) -> _Hole | None:
    """A hole as a blob's outline; the contour runs along the pixels around it."""
    x, y, width, height = cv2.boundingRect(contour)
    if min(width, height) - 2 < _LEAST_SIDE and max(width, height) < 24:
        return None
    enclosed = cv2.contourArea(contour)
    hull = cv2.contourArea(cv2.convexHull(contour))
    box = (x + 1, y + 1, x + width - 1, y + height - 1)
    if min(size_of(box)) < 1:
        return None
    return _Hole(box, min(1.0, enclosed / ((width - 1) * (height - 1))), enclosed / max(hull, 1.0), around)


def _within_letters(boxes: npt.NDArray[np.int32], lines: Sequence[PrintedLine]) -> npt.NDArray[np.bool_]:
    """Which boxes are pieces of letters: [boxes]."""
    if not lines:
        return np.zeros(len(boxes), dtype=np.bool_)
    of = np.array([line.box for line in lines], dtype=np.float64)  # [lines, 4]
    tall = of[:, 3] - of[:, 1]
    margin = 0.12 * tall
    low = of[:, :2] - margin[:, None]
    high = of[:, 2:] + margin[:, None]
    lies = ((boxes[:, None, :2] >= low) & (boxes[:, None, 2:] <= high)).all(axis=2)  # [boxes, lines]
    small = (boxes[:, 3] - boxes[:, 1])[:, None] <= _GLYPH_HEIGHT * tall
    narrow = (boxes[:, 2] - boxes[:, 0])[:, None] <= 1.3 * tall
    return np.asarray((lies & small & narrow).any(axis=1), dtype=np.bool_)


def _blobs(holes: Sequence[_Hole], surfaces: Sequence[Surface], lines: Sequence[PrintedLine]) -> Iterator[Blob]:
    boxes = np.array([hole.box for hole in holes], dtype=np.int32).reshape(-1, 4)
    letters = _within_letters(boxes, lines)
    for hole, is_letter in zip(holes, letters.tolist(), strict=True):
        if is_letter or _runs_along(hole.box, lines):
            continue
        numbers = tuple(number for number, line in enumerate(lines) if middle_in(line.box, hole.box))
        within = [surface for surface in surfaces if inside(surface.box, hole.box, 1)]
        inner = max(within, key=lambda surface: area_of(surface.box) * surface.filled, default=None)
        if inner is not None and covered(hole.box, inner.box) * inner.filled < 0.6 * hole.filled:
            inner = None
        if inner is None and numbers and sum(covered(hole.box, lines[number].box) for number in numbers) > 0.5:
            continue  # letters, and the noise between them
        yield Blob(hole.box, hole.filled, hole.solid, hole.around, numbers, inner)


def _runs_along(box: Box, lines: Sequence[PrintedLine]) -> bool:
    """Whether a box holds letters that touch each other, and nothing else."""
    width, height = size_of(box)
    for line in lines:
        x1, y1, x2, y2 = line.box
        tall = y2 - y1
        if height <= 1.3 * tall and width <= (x2 - x1) + 0.3 * tall and covered(box, line.box) > 0.75:
            return True
    return False
