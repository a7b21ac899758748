"""Pieces of the lines of text that go through patches: how high they are, and what is written, all at one height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kantu.processing.quality.patches import SIDE, Patches

HEIGHT, WIDTH = 24, 32  # pixels of a piece; the line itself takes five sixths of the height
_MOST = 64  # pieces
_REACH = 36  # pixels above and below a patch, in which its line begins and ends
_LEAST_INK = 0.25  # of the most ink in a row of the line: less is the gap to the next
_LEAST_HEIGHT = 4  # pixels: less is a rule


@dataclass(frozen=True)
class Lines:
    """Pieces of lines of text.

    Attributes:
        heights: in pixels of the whole picture, [lines].
        pixels: uint8 [lines, HEIGHT, WIDTH], grey.
    """

    heights: npt.NDArray[np.int_]
    pixels: npt.NDArray[np.uint8]


def find_lines(patches: Patches, text: npt.NDArray[np.bool_], *, lies: bool) -> Lines:
    """The lines through some of the patches.

    Args:
        text: which of the patches are text.
        lies: whether it runs along the columns; the picture is turned clockwise then.
    """
    chosen = np.flatnonzero(text)
    chosen = chosen[np.linspace(0, len(chosen) - 1, min(_MOST, len(chosen))).astype(np.intp)]
    rows, columns, grey = patches.rows[chosen], patches.columns[chosen], patches.grey
    if lies:
        rows, columns, grey = columns, len(grey) - SIDE - rows, np.rot90(grey, -1)
    padded = np.pad(grey, _REACH, mode="edge")
    side = SIDE + 2 * _REACH
    strips = np.lib.stride_tricks.sliding_window_view(padded, (side, SIDE))[rows, columns + _REACH]
    ink = np.abs(np.diff(strips.astype(np.int16), axis=2)).mean(axis=2)  # [lines, side]
    middle = ink[:, _REACH : _REACH + SIDE]
    each, peak = np.arange(len(ink)), middle.argmax(axis=1) + _REACH
    gap, place = ink < _LEAST_INK * middle.max(axis=1)[:, None], np.arange(side)
    above = np.maximum.accumulate(np.where(gap, place, -1), axis=1)[each, peak]
    below = np.minimum.accumulate(np.where(gap, place, side)[:, ::-1], axis=1)[:, ::-1][each, peak]
    heights = below - above - 1
    real = heights >= _LEAST_HEIGHT
    middles = rows + (above + below) / 2, columns + _REACH + SIDE / 2  # in the padded picture
    pixels = _sampled(padded, middles[0][real], middles[1][real], heights[real] * 1.2 / HEIGHT)
    return Lines(patches.scale * heights[real], pixels)


def _sampled(
    grey: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
    steps: npt.NDArray[np.float64],
) -> npt.NDArray[np.uint8]:
    """Pieces around the places, whose pixels are `steps` apart, between four pixels of the picture each."""
    y = rows[:, None] + steps[:, None] * (np.arange(HEIGHT) - (HEIGHT - 1) / 2)
    x = columns[:, None] + steps[:, None] * (np.arange(WIDTH) - (WIDTH - 1) / 2)
    y, x = y.clip(0, grey.shape[0] - 1.001), x.clip(0, grey.shape[1] - 1.001)
    top, left = y.astype(np.intp), x.astype(np.intp)
    down, right = (y - top).astype(np.float32)[:, :, None], (x - left).astype(np.float32)[:, None, :]
    top, left = top[:, :, None], left[:, None, :]
    upper = grey[top, left] * (1 - right) + grey[top, left + 1] * right
    lower = grey[top + 1, left] * (1 - right) + grey[top + 1, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.uint8)
