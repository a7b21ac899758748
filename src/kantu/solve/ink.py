"""From where the model looked while it wrote a value to the printed words themselves.

A visual token is as large as a character, or larger, and says only which character stood there. The words are what is
printed on the ground around those tokens.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kantu.engine.request import Look
from kantu.solve.length import spans

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Mask = npt.NDArray[np.bool_]

_LEAST_SHARE = 0.1  # of a head's attention; what it pays less to, it has not looked at
_LEAST_SEEN = 0.5  # of a value's characters; of a value that was read less the place is not known
_LEAST_OF_LINE = 0.3  # of the looks; fewer on another line have strayed
_INK = 0.35  # of the strongest contrast
_LEAST_CONTRAST = 24  # of 255
_RULE = 0.95  # of a side is inked only where a line is drawn
_GAP_IN_LINE = 0.2  # of a line's height, between parts of its characters
_LEAST_HEIGHT = 5  # pixels
_MARGIN = 0.1  # of a line's height, left around its ink as around lines of text
_FEW = 4  # characters, whose looks do not tell their distance
_WIDE_EM, _NARROW_EM = 1.0, 0.55  # how far characters advance
_WIDE_INK, _NARROW_INK = 0.92, 0.72  # how high their ink is, of an em


@dataclass(frozen=True)
class _Line:
    """Characters of a value that stand on one line, in visual tokens from the picture's upper left corner.

    Attributes:
        first, last: the middles of its first and last character.
        height: the middle of the line.
        count: how many characters there are from the first to the last.
    """

    first: float
    last: float
    height: float
    count: int


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
    lines = list(_lines(seen))
    side = pixels.shape[0] / seen[0][1].rows
    parts = _parts(value, [line.count for line in lines])
    return tuple(_printed(part, line, side, pixels) for part, line in zip(parts, lines, strict=True))


def _lines(seen: Sequence[tuple[int, Look]]) -> Iterable[_Line]:
    """The lines that were looked at, from the top. The first one found is that of most looks."""
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
    return sorted(found, key=lambda line: line.height)


def _one_line(seen: Sequence[tuple[int, Look]]) -> _Line:
    """Its characters follow each other at equal distances, by which looks that have strayed are told."""
    places, columns = np.array([place for place, _ in seen]), np.array([look.column + 0.5 for _, look in seen])
    a, b = np.triu_indices(len(seen), 1)
    slopes = (columns[b] - columns[a]) / (places[b] - places[a])
    advance = max(0.0, float(np.median(slopes))) if len(slopes) else 0.0  # Theil and Sen's: a few may have strayed
    start = float(np.median(columns - advance * places))
    kept = [each for each, column in zip(seen, columns, strict=True) if abs(column - start - advance * each[0]) <= 1]
    rows = [look.row + 0.5 for _, look in kept or seen]
    weights = [look.share for _, look in kept or seen]
    first, last = (start + advance * int(place) for place in (places[0], places[-1]))
    return _Line(first, last, float(np.average(rows, weights=weights)), int(places[-1] - places[0]) + 1)


def _parts(value: str, counts: Sequence[int]) -> Iterable[str]:
    """A value, divided over its lines as its looks are."""
    ends = np.cumsum([0, *counts]) / max(sum(counts), 1) * len(value)
    return [value[round(start) : round(end)] for start, end in itertools.pairwise(ends)]


def _printed(text: str, line: _Line, side: float, pixels: npt.NDArray[np.uint8]) -> Rectangle:
    """The ink around the characters of a line; their visual tokens where there is none."""
    height, width = pixels.shape[:2]
    first, last, middle = line.first * side, line.last * side, line.height * side
    left, right = int(max(0.0, first - 1.5 * side)), int(min(float(width), last + 1.5 * side))
    top, bottom = int(max(0.0, middle - 1.5 * side)), int(min(float(height), middle + 1.5 * side))
    ink = _ink(pixels[top:bottom, left:right])
    core = slice(int(max(0.0, first - side / 2 - left)), int(last + side / 2 - left))
    rows = _line(ink[:, core], middle - top)
    if rows is None:
        return first - side / 2, middle - side / 2, last + side / 2, middle + side / 2
    x1, x2 = _extent(ink[slice(*rows)], text, line, first - left, last - left, side)
    margin = _MARGIN * (rows[1] - rows[0])
    return left + x1 - margin, top + rows[0] - margin, left + x2 + margin, top + rows[1] + margin


def _ink(pixels: npt.NDArray[np.uint8]) -> Mask:
    """Where something else than the ground is; drawn lines from edge to edge left out."""
    wide = pixels.astype(np.int16)
    contrast = np.abs(wide - np.median(wide, axis=(0, 1))).max(axis=2)
    ink: Mask = contrast > max(_LEAST_CONTRAST, _INK * float(contrast.max(initial=0)))
    ink[:, ink.mean(axis=0) >= _RULE] = False
    ink[ink.mean(axis=1) >= _RULE] = False
    return ink


def _line(ink: Mask, middle: float) -> tuple[int, int] | None:
    """The rows of the line of print that is nearest to `middle`."""
    merged: list[tuple[int, int]] = []
    for start, end in spans(ink.any(axis=1)):
        if merged and start - merged[-1][1] <= max(2.0, _GAP_IN_LINE * (merged[-1][1] - merged[-1][0])):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    high = [run for run in merged if run[1] - run[0] >= _LEAST_HEIGHT]
    return min(high, key=lambda run: abs((run[0] + run[1]) / 2 - middle), default=None)


def _extent(ink: Mask, text: str, line: _Line, first: float, last: float, side: float) -> tuple[float, float]:
    """From where to where in a line's ink the text stands: as wide as it should be, around its middle.

    Args:
        first, last: the middles of its first and last character, in pixels of `ink`.
    """
    height = len(ink)
    runs = spans(ink.any(axis=0))
    reach = (side + height) / 2
    starts = [start for start, _ in runs if abs(start - first) <= reach]
    ends = [end for _, end in runs if abs(end - last) <= reach]
    width = (last - first) * line.count / (line.count - 1) if line.count > _FEW else _width(text, height)
    pairs = [(start, end) for start in starts for end in ends if start < end]
    if not pairs:
        return first - side / 2, last + side / 2
    middle = (first + last) / 2
    return min(pairs, key=lambda pair: abs(pair[1] - pair[0] - width) + abs((pair[0] + pair[1]) / 2 - middle))


def _width(text: str, height: int) -> float:
    """How wide a text is whose ink is so high."""
    wide = [unicodedata.east_asian_width(character) in "WF" for character in text]
    em = height / (_WIDE_INK if any(wide) else _NARROW_INK)
    return em * sum(_WIDE_EM if each else _NARROW_EM for each in wide)
