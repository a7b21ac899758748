"""Length seen against length read: how many digits and letters stand in a box, counted without reading them.

A model that reads a long number drops or doubles a digit and is sure of it. The count says so, or says nothing: glyphs
that touch, noise, a second line and a box that cuts off are not counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kantu.tasks.problem import Problem

_LEAST_CONTRAST = 60  # of 255, between ink and ground
_CUTS = (0.3, 0.4, 0.5, 0.6)  # shares of full contrast that part glyphs from what is between them
_LEAST_CUTS = 2  # of them must give a count, and all that do the same one
_LEAST_GLYPHS = 4  # fewer say nothing about how they are spaced
_LEAST_HEIGHT = 7  # pixels of a digit
_QUIET = 0.4  # heights that must be free beside the value
_WIDEST = 0.92  # heights; wider is a Chinese character, or two glyphs that touch
_PITCH_OF_HEIGHT = (0.5, 1.1)  # from one digit to the next; half of one digit is nearer
_PITCH = (0.62, 1.36)  # how near and how far two neighbours may be, in pitches
_WORD_GAP = (1.45, 3.0)  # a space between groups of digits

Span = tuple[int, int]
"""first and last column of a glyph; the last lies outside."""


def count_glyphs(pixels: npt.NDArray[np.uint8], box: Sequence[float]) -> int | None:
    """How many glyphs of one run of digits and Latin letters stand in the box; None where that cannot be told.

    `pixels` is RGB, [height, width, 3], the box x1, y1, x2, y2 in its pixels.
    """
    ink = _ink(pixels, box)
    if ink is None:
        return None
    contrast, left, right = ink
    counts = [count for cut in _CUTS if (count := _count(contrast, left, right, cut)) is not None]
    return counts[0] if len(counts) >= _LEAST_CUTS and len(set(counts)) == 1 else None


def length_problem(read: str, pixels: npt.NDArray[np.uint8], box: Sequence[float], field: str) -> Problem | None:
    """A problem where the count is sure and is not the number of characters that were read there."""
    characters = re.sub(r"\s", "", read)
    if not re.fullmatch(r"[0-9A-Za-z]+", characters):
        return None
    seen = count_glyphs(pixels, box)
    if seen is None or seen == len(characters):
        return None
    return Problem("length_seen", f"图中这里有 {seen} 个字符，读出来是 {len(characters)} 个：“{read}”。", field)


def _ink(pixels: npt.NDArray[np.uint8], box: Sequence[float]) -> tuple[npt.NDArray[np.float32], int, int] | None:
    """Contrast to the ground, 0 to 1, of the box's rows of text, and the box's first and last column in it."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (round(edge) for edge in box)
    x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if x2 - x1 < _LEAST_HEIGHT or y2 - y1 < _LEAST_HEIGHT:
        return None
    margin = y2 - y1
    start, end = max(x1 - margin, 0), min(x2 + margin, width)
    inside = pixels[y1:y2, x1:x2].astype(np.float32)
    ground = np.median(inside.reshape(-1, 3), axis=0)
    contrast = np.abs(pixels[y1:y2, start:end].astype(np.float32) - ground).max(axis=2)  # either polarity
    full = float(np.percentile(contrast[:, x1 - start : x2 - start], 98))
    if full < _LEAST_CONTRAST:
        return None
    contrast = np.minimum(contrast / full, 1.0)
    rows = spans(contrast[:, x1 - start : x2 - start].max(axis=1) > _CUTS[0])
    if len(rows) != 1 or rows[0][1] - rows[0][0] < _LEAST_HEIGHT:
        return None  # nothing, several lines, or something that is not text
    top, bottom = rows[0]
    return contrast[top:bottom], x1 - start, x2 - start


def _count(contrast: npt.NDArray[np.float32], left: int, right: int, cut: float) -> int | None:
    height = contrast.shape[0]
    found = spans(contrast.max(axis=0) > cut)
    inside = [span for span in found if left - 1 <= span[0] and span[1] <= right + 1]
    if len(inside) < _LEAST_GLYPHS or any(end - start > _WIDEST * height for start, end in inside):
        return None
    quiet = _QUIET * height
    beside = [span for span in found if span not in inside]
    if any(start < edge < end for start, end in beside for edge in (left, right)):
        return None  # the box cuts through a glyph
    if any(inside[0][0] - quiet < end and start < inside[-1][1] + quiet for start, end in beside):
        return None
    return len(inside) if _is_regular(inside, height) else None


def _is_regular(spans: Sequence[Span], height: int) -> bool:
    """Whether neighbours stand one pitch apart, or a space: glyphs that touch or fall apart do not.

    A glyph alone before or after a space is something else, such as the sign of a button.
    """
    steps = np.diff([(start + end) / 2 for start, end in spans])
    pitch = float(np.median(steps))
    if not _PITCH_OF_HEIGHT[0] <= pitch / height <= _PITCH_OF_HEIGHT[1]:
        return False
    shares = steps / pitch
    near = (shares >= _PITCH[0]) & (shares <= _PITCH[1])
    apart = (shares >= _WORD_GAP[0]) & (shares <= _WORD_GAP[1])
    return bool((near | apart).all() and near[0] and near[-1])


def spans(marked: Any) -> list[Span]:
    """Runs of marked places of a row."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marked, [False])).astype(np.int8)))
    return list(pairwise(edges.tolist()))[::2]
