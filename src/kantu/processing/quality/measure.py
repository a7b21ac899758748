"""What can be measured of a picture: how much is on it, how high and which way up its text is, how sharp it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from kantu.processing.image import CleanImage
from kantu.processing.quality.lines import find_lines
from kantu.processing.quality.network import Floats, axis_of, is_flipped
from kantu.processing.quality.patches import SIDE, Grey, find_patches, slopes

_LEAST_STEP = 7  # grey levels between neighbours on the small picture, of what is drawn
_MOST_NOISE = 6.0  # grey levels there; what is rougher all over is no noise
_EPSILON = 0.02  # of probability: how wrong the network may be about any patch
_LEAST_LINES = 4
_LEAST_CONTRAST = 24  # grey levels across a patch; edges of less are lost in noise
_LEAST_EDGES = 6  # patches with edges


@dataclass(frozen=True)
class Measures:
    """What was measured, in pixels of the original picture, or of what the network sees where that is less.

    Attributes:
        marks: in how many places something is drawn.
        unevenness: deviation, in grey levels, of what is left of the picture without details and without shading.
        patches: in how many patches.
        text: how many of them are text, as far as the network is sure.
        lies: evidence (log odds, added up over patches) that the text runs along the columns, over that it runs along
            the rows.
        flipped: evidence, added up over lines, that it stands on its head; where it lies, once turned clockwise.
        lines: how many were looked at for that.
        height: of most lines of text; 0 where there are none.
        edge: how many pixels an edge takes where the picture is sharp, along its softer axis; 0 where there are no
            edges.
    """

    marks: int
    unevenness: float
    patches: int
    text: float
    lies: float
    flipped: float
    lines: int
    height: float
    edge: float


def measure(image: CleanImage) -> Measures:
    """Look at a picture."""
    grey = _grey(image)
    found = [patches for patches in find_patches(grey) if len(patches.pixels)]
    if not found:
        return Measures(*_drawn(grey), 0, 0.0, 0.0, 0.0, 0, 0.0, 0.0)
    axes = [axis_of(patches.pixels) for patches in found]
    along_rows, along_columns, none = np.concatenate(axes).T
    lies = float(_evidence(along_columns + none / 2, along_rows + none / 2).sum())
    height, flipped, count = 0.0, 0.0, 0
    for patches, axis in zip(found, axes, strict=True):
        lines = find_lines(patches, axis[:, 2] < 0.5, lies=lies > 0)
        if len(lines.heights) < _LEAST_LINES:
            continue
        height, count = float(np.median(lines.heights)), len(lines.heights)
        on_head = is_flipped(lines.pixels)
        flipped = float(_evidence(on_head, 1 - on_head).sum())
        if height <= SIDE * patches.scale:  # shrunk further, text that a patch can hold would only be harder to see
            break
    text, edge = float((1 - none).sum()), _edge(found[0].pixels[::2])  # half of them tell enough
    return Measures(*_drawn(grey), len(none), text, lies, flipped, count, height, edge)


def _evidence(one: Floats, other: Floats) -> Floats:
    return np.log((one + _EPSILON) / (other + _EPSILON))


def _grey(image: CleanImage) -> Grey:
    """Not larger than the original: what was enlarged shows nothing more, and would look blurred."""
    picture = Image.fromarray(image.pixels).convert("L")
    width, height = image.original_size
    if width * height < picture.width * picture.height:
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def _drawn(grey: Grey) -> tuple[int, float]:
    """Places with slopes steeper than those of noise and shading, and the unevenness (see `Measures`). Lines from side
    to side, as of a frame or of ruled paper, are left out of both."""
    least = min(grey.shape)
    small = np.asarray(Image.fromarray(grey).reduce(4 if least >= 128 else 2 if least >= 16 else 1))
    frame = max(1, round(0.02 * min(small.shape)))
    small = small[frame:-frame, frame:-frame]
    if min(small.shape) < 2:
        return 0, 0.0
    steepest = np.maximum(*slopes(small))
    steep = steepest > _LEAST_STEP + 6 * min(float(np.median(steepest)), _MOST_NOISE)
    rows, columns = np.flatnonzero(steep.mean(axis=1) > 0.6), np.flatnonzero(steep.mean(axis=0) > 0.6)
    steep[rows], steep[:, columns] = False, False
    without = np.delete(np.delete(small, [*rows, *(rows + 1)], axis=0), [*columns, *(columns + 1)], axis=1)
    return int(steep.sum()), _unevenness(without)


def _unevenness(small: Grey) -> float:
    """Shading is a surface of the second degree; what is out of focus has no details either, but is no such surface."""
    if min(small.shape) < 5:
        return 0.0
    rows, columns = (max(5, min(32, side // 3)) for side in small.shape)
    levels = np.asarray(Image.fromarray(small).resize((columns, rows), Image.Resampling.BOX), np.float64)
    y, x = (axis.ravel() for axis in np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j])
    surface = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    shading = surface @ np.linalg.lstsq(surface, levels.ravel())[0]
    return float(np.std(levels.ravel() - shading))


def _edge(pixels: npt.NDArray[np.uint8]) -> float:
    """Along each axis: the contrast of a patch over its steepest slope, for the sharpest quarter of patches. Motion
    blurs along one axis only, so that the softer one counts."""
    softest = 0.0
    for axis in (1, 2):
        steepest = np.abs(np.diff(pixels.astype(np.int16), axis=axis)).max(axis=(1, 2))
        contrast = np.ptp(pixels, axis=axis).max(axis=1)
        edged = contrast >= _LEAST_CONTRAST
        if edged.sum() >= _LEAST_EDGES:
            widths = contrast[edged] / np.maximum(steepest[edged], 1)
            softest = max(softest, float(np.percentile(widths, 25)))
    return softest
