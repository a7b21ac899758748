"""From where the model looked while it wrote a value to the printed words themselves.

A visual token is as large as a character, or larger, and says only which character stood there. The words are what is
printed on the ground around those tokens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kantu.engine.request import Look
from kantu.solve.length import spans

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Mask = npt.NDArray[np.bool_]

_LEAST_SHARE = 0.1  # of a head's attention; what it pays less to, it has not looked at
_LEAST_SEEN = 0.5  # of a value's characters; of a value that was read less the place is not known
_NEIGHBOURS = 8  # looks that are tried together to tell how far characters advance
_MOST_ADVANCE = 1.5  # visual tokens, from one token of a text to the next
_LEAST_OF_LINE = 0.3  # of the looks; fewer on another line have strayed
_INK = 0.35  # of the strongest contrast
_LEAST_CONTRAST = 24  # of 255
_RULE = 0.95  # of a side is inked only where a line is drawn
_GAP_IN_LINE = 0.2  # of a line's height, between parts of its characters
_LEAST_HEIGHT = 5  # pixels
_MOST_HEIGHT = 1.75  # visual tokens
_NEAR = 0.5  # visual tokens above and below the middle of a line, most of which is its ground
_MARGIN = 0.1  # of a line's height, left around its ink as around lines of text
_FEW = 4  # characters, whose looks do not tell their distance
_MOST_STRETCH = 1.6  # between how wide characters should be and are
_WIDE_EM, _NARROW_EM = 1.0, 0.55  # how far characters advance
_WIDE_INK, _NARROW_INK = 0.92, 0.72  # how high their ink is, of an em


@dataclass(frozen=True)
class _Line:
    """Looks at characters of a value that stand on one line, in the order of the value.

    Attributes:
        places: which of the value's tokens each belongs to.
        columns, height: where they are, in visual tokens from the picture's upper left corner.
    """

    places: npt.NDArray[np.intp]
    columns: npt.NDArray[np.float64]
    height: float


def words(value: str, looks: Sequence[Look | None], pixels: npt.NDArray[np.uint8]) -> tuple[Rectangle, ...]:
    """Where the words of `value` are printed, one rectangle for each line that they are broken over.

    Args:
        looks: one for each of the value's tokens, all at one picture; None where the model was not asked.
        pixels: of that picture, [height, width, 3], as the network has seen it.

    Returns:
        Nothing where the model looked at no place in particular.
    """
    seen = [(place, look) for place, look in enumerate(looks) if look is not None and look.share >= _LEAST_SHARE]
    if not seen or len(seen) < _LEAST_SEEN * len(looks):
        return ()
    lines = _lines(seen)
    side = pixels.shape[0] / seen[0][1].rows
    length = len(value) / len(looks)  # of a token, in characters
    begins = [0, *(int(line.places[0]) for line in lines[1:]), len(looks)]
    found = []
    for line, (begin, end) in zip(lines, pairwise(begins), strict=True):
        text = value[round(begin * length) : round(end * length)]
        found.append(_printed(text, (line.places - begin + 0.5) * length, line, side, pixels))
    return tuple(found)


def _lines(seen: Sequence[tuple[int, Look]]) -> list[_Line]:
    """The lines that were looked at, in the order of the value. The first one found is that of most looks."""
    left, found = list(seen), list[_Line]()
    while left:
        shares = np.zeros(seen[0][1].rows)
        for _, look in left:
            shares[look.row] += look.share
        best = int(shares.argmax())
        on = [(place, look) for place, look in left if abs(look.row - best) <= 1]
        if found and len(on) < max(2.0, _LEAST_OF_LINE * len(seen)):
            break
        found.append(_one_line(on))
        left = [(place, look) for place, look in left if abs(look.row - best) > 1]
    return sorted(found, key=lambda line: int(line.places[0]))


def _one_line(seen: Sequence[tuple[int, Look]]) -> _Line:
    """Its characters follow each other at equal distances, by which looks that have strayed are told and left out."""
    places, columns = np.array([place for place, _ in seen]), np.array([look.column + 0.5 for _, look in seen])
    rows = np.array([look.row + 0.5 for _, look in seen])
    shares = np.array([look.share for _, look in seen])
    on = _in_step(places, columns, shares)
    return _Line(places[on], columns[on], float(np.average(rows[on], weights=shares[on])))


def _in_step(places: npt.NDArray[Any], columns: npt.NDArray[Any], shares: npt.NDArray[Any]) -> Mask:
    """The looks, of most attention in all, that are at one distance from each other (Fischler and Bolles' RANSAC)."""
    count = len(places)
    pairs = [(a, b) for a in range(count) for b in range(a, min(a + _NEIGHBOURS, count))]
    a, b = np.array(pairs).T
    advances = (columns[b] - columns[a]) / np.maximum(places[b] - places[a], 1)
    starts = columns[a] - advances * places[a]
    near = np.abs(columns - starts[:, None] - advances[:, None] * places) <= 1
    near[(advances < 0) | (advances > _MOST_ADVANCE)] = False
    best: Mask = near[(near @ shares).argmax()]
    return best


def _slope(x: npt.NDArray[Any], y: npt.NDArray[np.float64]) -> float:
    """Theil and Sen's: a few values may have strayed. 0 of fewer than two values."""
    a, b = np.triu_indices(len(x), 1)
    return float(np.median((y[b] - y[a]) / (x[b] - x[a]))) if len(a) else 0.0


def _printed(
    text: str, characters: npt.NDArray[Any], line: _Line, side: float, pixels: npt.NDArray[np.uint8]
) -> Rectangle:
    """The ink around a text on a line; the visual tokens that were looked at where there is none.

    Args:
        characters: how far in the text the looks of the line are, in characters.
        side: of a visual token, in pixels.
    """
    columns, middle = line.columns * side, line.height * side
    first, last = float(columns.min()), float(columns.max())
    top, bottom = int(max(0.0, middle - 1.5 * side)), int(min(float(len(pixels)), middle + 1.5 * side))
    core = slice(int(max(0.0, first - side / 2)), int(last + side / 2))
    near = slice(int(max(0.0, middle - _NEAR * side)), int(middle + _NEAR * side))
    ground = np.median(pixels[near, core], axis=(0, 1))
    ink = _ink(pixels[top:bottom], ground, core)
    rows = _line(ink[:, core], middle - top, side)
    if rows is None:
        return first - side / 2, middle - side / 2, last + side / 2, middle + side / 2
    x1, x2 = _extent(ink[slice(*rows)], *_edges(text, characters, columns, rows), side)
    margin = _MARGIN * (rows[1] - rows[0])
    return x1 - margin, top + rows[0] - margin, x2 + margin, top + rows[1] + margin


def _edges(
    text: str, characters: npt.NDArray[Any], columns: npt.NDArray[np.float64], rows: tuple[int, int]
) -> tuple[float, float]:
    """Where a text begins and ends whose `characters` stand about at `columns`, by how wide characters are."""
    ends = np.cumsum([0.0, *_widths(text, rows[1] - rows[0])])
    middles = np.interp(characters, np.arange(len(ends)), ends)
    scale = _slope(middles, columns) if len(columns) > _FEW else 1.0
    scale = min(max(scale, 1 / _MOST_STRETCH), _MOST_STRETCH)
    start = float(np.median(columns - scale * middles))
    return start, start + scale * float(ends[-1])


def _ink(pixels: npt.NDArray[np.uint8], ground: npt.NDArray[Any], core: slice) -> Mask:
    """Where something else than `ground` is, by the contrast that it has in the `core` of columns.

    Drawn lines from edge to edge are left out.
    """
    contrast = np.abs(pixels.astype(np.float32) - ground).max(axis=2)
    ink: Mask = contrast > max(_LEAST_CONTRAST, _INK * float(contrast[:, core].max(initial=0)))
    ink[:, ink.mean(axis=0) >= _RULE] = False
    ink[ink[:, core].mean(axis=1) >= _RULE] = False
    return ink


def _line(ink: Mask, middle: float, side: float) -> tuple[int, int] | None:
    """The rows of the line of print that is nearest to `middle`."""
    merged: list[tuple[int, int]] = []
    for start, end in spans(ink.any(axis=1)):
        if merged and start - merged[-1][1] <= max(2.0, _GAP_IN_LINE * (merged[-1][1] - merged[-1][0])):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    high = [run for run in merged if _LEAST_HEIGHT <= run[1] - run[0] <= _MOST_HEIGHT * side]
    return min(high, key=lambda run: abs((run[0] + run[1]) / 2 - middle), default=None)


def _extent(ink: Mask, left: float, right: float, side: float) -> tuple[float, float]:
    """From where to where in a line's ink a text stands that should stand from `left` to `right`, in pixels."""
    reach = (side + len(ink)) / 2
    runs = spans(ink.any(axis=0))
    starts = [start for start, _ in runs if abs(start - left) <= reach]
    ends = [end for _, end in runs if abs(end - right) <= reach]
    pairs = [(start, end) for start in starts for end in ends if start < end]
    if not pairs:
        return left, right
    width, middle = right - left, (left + right) / 2
    return min(pairs, key=lambda pair: abs(pair[1] - pair[0] - width) + abs((pair[0] + pair[1]) / 2 - middle))


def _widths(text: str, height: int) -> Sequence[float]:
    """How wide the characters of a text are whose ink is so high."""
    wide = [unicodedata.east_asian_width(character) in "WF" for character in text]
    em = height / (_WIDE_INK if any(wide) else _NARROW_INK)
    return [em * (_WIDE_EM if each else _NARROW_EM) for each in wide]
