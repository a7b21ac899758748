"""The patches of a picture in which something is drawn, at three scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Grey = npt.NDArray[np.uint8]  # [height, width]

SIDE = 24  # of a patch, in pixels: one or two characters of text as small as it is mostly drawn
_SCALES = (1, 2, 4)  # every height of text from 8 to 90 pixels is 8 to 24 at one of them
_MOST = (256, 112, 56)  # patches at each scale
_LEAST_SLOPE = 3  # grey levels between neighbours, on average over a patch; less is paper, sky or noise


@dataclass(frozen=True)
class Patches:
    """Patches of one picture at one scale.

    Attributes:
        grey: the picture at this scale.
        scale: how often it has been shrunk.
        pixels: uint8 [patches, SIDE, SIDE], grey.
        rows, columns: of their upper left corners, in pixels at this scale.
    """

    grey: Grey
    scale: int
    pixels: npt.NDArray[np.uint8]
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


def find_patches(grey: Grey) -> tuple[Patches, ...]:
    """The patches of a picture at each scale; none where it is smaller than a patch."""
    image = Image.fromarray(grey)
    return tuple(
        _choose(np.asarray(image.reduce(scale) if scale > 1 else image), scale, most)
        for scale, most in zip(_SCALES, _MOST, strict=True)
    )


def slopes(grey: Grey) -> tuple[Grey, Grey]:
    """Differences between neighbours, without sign: along the columns and along the rows, [height - 1, width - 1]."""
    here, below, right = grey[:-1, :-1], grey[1:, :-1], grey[:-1, 1:]
    return (
        np.maximum(here, below) - np.minimum(here, below),
        np.maximum(here, right) - np.minimum(here, right),
    )


def _choose(grey: Grey, scale: int, most: int) -> Patches:
    height, width = grey.shape
    rows, columns = (height - 1) // SIDE, (width - 1) // SIDE
    if not rows or not columns:
        empty = np.empty(0, np.intp)
        return Patches(grey, scale, np.empty((0, SIDE, SIDE), np.uint8), empty, empty)
    slope = np.zeros((rows, columns), np.uint16)
    for along in slopes(grey):
        cells = np.ascontiguousarray(along[: rows * SIDE, : columns * SIDE])
        slope += np.asarray(Image.fromarray(cells).reduce(SIDE))
    flat = slope.ravel()
    drawn = np.flatnonzero(flat >= _LEAST_SLOPE)
    if len(drawn) > most:  # half are the steepest, as text is; half are spread evenly over the others
        order = drawn[np.argsort(-flat[drawn].astype(np.int64), kind="stable")]
        rest = order[most // 2 :]
        spread = rest[np.linspace(0, len(rest) - 1, most - most // 2).astype(np.intp)]
        drawn = np.concatenate([order[: most // 2], spread])
    top, left = drawn // columns, drawn % columns
    cells = grey[: rows * SIDE, : columns * SIDE].reshape(rows, SIDE, columns, SIDE)
    return Patches(grey, scale, cells[top, :, left, :], top * SIDE, left * SIDE)
