"""The order in which a page's text is read: rows from top to bottom, each from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from kantu.synth.page import Line


def reading_rows(lines: Sequence[Line]) -> list[str]:
    """Text in reading order: one string a visual row, its runs parted by a space unless they touch."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3]) / 2):
        middle = (line.box[1] + line.box[3]) / 2
        if rows and any(run.box[1] <= middle <= run.box[3] for run in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    texts = []
    for row in rows:
        row.sort(key=lambda line: line.box[0])
        text = row[0].text
        for before, line in pairwise(row):
            text += ("" if line.box[0] - before.box[2] < 2 else " ") + line.text
        texts.append(text)
    return texts
