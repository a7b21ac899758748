"""The control that a text names: the filled or outlined shape around it, hardly higher, in whose middle it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kantu.solve.ink import Rectangle

Mask = npt.NDArray[np.bool_]

_SAME = 14  # of 255; colours that differ less are the same ground
_MOST_OF_PICTURE = 0.15  # has the colour of a control; what has more of it must stand alone
_GOES_ON = 0.9  # of a strip has a ground's colour where the ground goes on
_OUTSIDE = 4  # pixels from the edge of a shape, behind its outline
_LINE = _OUTSIDE + 2  # pixels from a corner out there to where a line along the edge of the shape would run on
_LEAST_SIDE = 4  # pixels of a text that has a ground
_LEAST_PADDING, _MOST_PADDING = 0.15, 1.7  # of a text's height, above and below it
_UNEVEN, _UNEVEN_PIXELS = 1.8, 6  # times as much padding on one side as on the other, or so many pixels more


def control(words: Rectangle, pixels: npt.NDArray[np.uint8]) -> Rectangle | None:
    """The shape around `words`, in the same pixels; None where they stand on no ground of their own.

    Args:
        pixels: of the picture, [height, width, 3].
    """
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (round(side) for side in words)
    x1, y1, x2, y2 = max(x1, 1), max(y1, 1), min(x2, width - 1), min(y2, height - 1)
    high = y2 - y1
    if min(high, x2 - x1) < _LEAST_SIDE:
        return None
    ground = _ground(pixels, x1, y1, x2, y2)
    most = int(_MOST_PADDING * high) + 1
    above = _reach(lambda n: ground[y1 - 1 - n, x1:x2], min(most, y1 - 1))
    below = _reach(lambda n: ground[y2 + n, x1:x2], min(most, height - y2))
    if min(above, below) < max(2, _LEAST_PADDING * high) or max(above, below) == most or not _even(above, below):
        return None
    top, bottom = y1 - above, y2 + below
    # Other texts and marks may stand beside the words; just above and below these is nothing but ground.
    strips = ground[[y1 - 1, y2]]
    before = _reach(lambda n: strips[:, x1 - 1 - n], x1)
    after = _reach(lambda n: strips[:, x2 + n], width - x2)
    if before == x1 or after == width - x2 or not _even(before, after):
        return None
    shape = (x1 - before, top, x2 + after, bottom)
    return shape if ground.mean() <= _MOST_OF_PICTURE or _stands_alone(pixels, *shape) else None


def _ground(pixels: npt.NDArray[np.uint8], x1: int, y1: int, x2: int, y2: int) -> Mask:
    """Where a picture has the colour that surrounds a rectangle."""
    frame = np.concatenate((pixels[y1 - 1, x1:x2], pixels[y2, x1:x2], pixels[y1:y2, x1 - 1], pixels[y1:y2, x2]))
    return _alike(pixels, np.median(frame, axis=0))


def _stands_alone(pixels: npt.NDArray[np.uint8], left: int, top: int, right: int, bottom: int) -> bool:
    """Whether one colour surrounds a shape, as it does a button; words run on from a heading, and lines from a cell."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = left - _OUTSIDE, top - _OUTSIDE, right + _OUTSIDE - 1, bottom + _OUTSIDE - 1
    if x1 < 0 or y1 < 0 or x2 >= width or y2 >= height:
        return False
    sides = [pixels[y1, x1:x2], pixels[y2, x1:x2], pixels[y1:y2, x1], pixels[y1:y2, x2]]
    color = np.median(np.concatenate(sides), axis=0)
    alike = [_alike(side, color) for side in sides]
    # Where the lines of a cell would cross these sides.
    crossings = [side[at] for side in alike for at in (slice(_LINE), slice(-_LINE, None))]
    return bool(np.concatenate(alike).mean() >= _GOES_ON and np.concatenate(crossings).all())


def _alike(pixels: npt.NDArray[np.uint8], color: npt.NDArray[Any]) -> Mask:
    alike: Mask = np.abs(pixels.astype(np.int16) - color.astype(np.int16)).max(axis=-1) <= _SAME
    return alike


def _reach(strip: Callable[[int], Mask], most: int) -> int:
    """How many strips are ground, from the first on."""
    return next((n for n in range(most) if strip(n).mean() < _GOES_ON), most)


def _even(a: int, b: int) -> bool:
    return max(a, b) <= max(_UNEVEN * min(a, b), min(a, b) + _UNEVEN_PIXELS)
