"""Lines that a reader has joined though they are several texts: the numbers and names along an axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kantu.contenders.pipeline.surfaces import Scan
from kantu.solve.reader import PrintedLine

_LEAST_WORDS = 3
_INKED = 50  # of 255 from the ground


def in_words(scan: Scan) -> tuple[Scan, tuple[int, ...]]:
    """The page with such lines split at their widest gaps, and for each line then the number it had before."""
    lines: list[PrintedLine] = []
    owners: list[int] = []
    for number in range(len(scan.lines)):
        for word in _split(scan, number):
            lines.append(word)
            owners.append(number)
    if len(lines) == len(scan.lines):
        return scan, tuple(owners)
    return replace(scan, lines=tuple(lines), looks=tuple(scan.looks[owner] for owner in owners)), tuple(owners)


def _split(scan: Scan, number: int) -> Iterator[PrintedLine]:
    line = scan.lines[number]
    words = line.text.split()
    if len(words) < _LEAST_WORDS:
        yield line
        return
    x1, y1, x2, y2 = line.box
    ground = np.array(scan.looks[number].ground, dtype=np.int16)
    inked = np.flatnonzero((np.abs(scan.crop(line.box).astype(np.int16) - ground).max(axis=2) > _INKED).any(axis=0))
    gaps = np.diff(inked)
    widest = np.sort(np.argsort(-gaps, kind="stable")[: len(words) - 1])
    if len(widest) < len(words) - 1:
        yield line
        return
    starts = [x1 + int(inked[0]), *(x1 + int(inked[gap + 1]) for gap in widest)]
    ends = [*(x1 + int(inked[gap]) + 1 for gap in widest), min(x2, x1 + int(inked[-1]) + 1)]
    for word, start, end in zip(words, starts, ends, strict=True):
        yield PrintedLine(word, (start, y1, end, y2), line.sureness)
