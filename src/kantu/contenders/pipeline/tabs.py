"""Tabs: short texts in one row, one of which looks unlike the others."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

from kantu.contenders.pipeline.boxes import overlap, size_of
from kantu.contenders.pipeline.colors import color_name, distance, vivid
from kantu.contenders.pipeline.panels import Panel
from kantu.contenders.pipeline.rows import Rows
from kantu.contenders.pipeline.seen import Box, SeenElement, State
from kantu.contenders.pipeline.surfaces import Scan

_MOST_TABS = 7
_LONGEST = 8  # characters
_EVEN = 2.2  # the widest of the gaps between tabs is at most so many times the narrowest
_OTHER_INK = 30  # of 255 between the selected tab's ink and the others'
_OTHER_GROUND = 12


def tabs(scan: Scan, rows: Rows, panels: Sequence[Panel], elsewhere: Collection[int]) -> Iterator[SeenElement]:
    """The tabs of every row that is one of tabs; lines that are `elsewhere` belong to tables or charts."""
    for row in rows:
        if not _may_be_tabs(scan, row) or any(number in elsewhere for number in row) or _buttons(panels, row):
            continue
        chosen = _selected(scan, row, panels)
        if chosen is None:
            continue
        for place, number in enumerate(row):
            state: State = "selected" if place == chosen else "unselected"
            look = scan.looks[number]
            yield SeenElement(
                "tab", _cell(scan, row, place), color_name(look.ground), state, scan.lines[number].text, lines=(number,)
            )


def _may_be_tabs(scan: Scan, row: Sequence[int]) -> bool:
    if not 2 <= len(row) <= _MOST_TABS or any(len(scan.lines[number].text) > _LONGEST for number in row):
        return False
    boxes = [scan.lines[number].box for number in row]
    heights = [size_of(box)[1] for box in boxes]
    middles = [sum(box[1::2]) / 2 for box in boxes]
    if max(middles) - min(middles) > 0.3 * min(heights) or any(_is_figure(scan.lines[number].text) for number in row):
        return False
    if max(heights) > 1.35 * min(heights):
        return False
    gaps = [right[0] - left[2] for left, right in itertools.pairwise(boxes)]
    steps = [sum(right[::2]) - sum(left[::2]) for left, right in itertools.pairwise(boxes)]
    least = 0.4 * max(heights)
    return min(gaps) > least and (max(gaps) <= _EVEN * min(gaps) or max(steps) <= 1.25 * min(steps))


def _is_figure(text: str) -> bool:
    """Whether a text is a number, a time or an amount."""
    return sum(sign.isdigit() for sign in text) > len(text) / 2


def _selected(scan: Scan, row: Sequence[int], panels: Sequence[Panel]) -> int | None:
    """Which of the row's texts has a ground, a frame, a line below it or an ink of its own."""
    marks = [_grounds(scan, row), _framed(panels, row), _underlined(scan, row)]
    if len(row) > 2:  # of two texts in two inks, one may be a title
        marks.append(_inked(scan, row))
    return next((marked for marked in marks if marked is not None), None)


def _buttons(panels: Sequence[Panel], row: Sequence[int]) -> bool:
    """Whether several of the texts stand in frames of their own, apart from each other."""
    frames = [panel.box for panel in panels if len(panel.lines) == 1 and panel.lines[0] in row]
    apart = sum(min((abs(a[0] - b[2]) for b in frames), default=99) > 3 for a in frames)
    return apart > 1


def _grounds(scan: Scan, row: Sequence[int]) -> int | None:
    return _odd_one(scan, [scan.looks[number].ground for number in row], _OTHER_GROUND, row)


def _inked(scan: Scan, row: Sequence[int]) -> int | None:
    return _odd_one(scan, [scan.looks[number].ink for number in row], _OTHER_INK, row)


def _odd_one(scan: Scan, colors: Sequence[tuple[int, int, int]], apart: float, row: Sequence[int]) -> int | None:
    """The one colour that is far from all others, which are near each other; of two the stronger."""
    if len(colors) == 2:
        strong = [vivid(color) for color in colors]
        return strong.index(True) if distance(*colors) > apart and sum(strong) == 1 else None
    for place, color in enumerate(colors):
        others = [other for index, other in enumerate(colors) if index != place]
        spread = max(distance(others[0], other) for other in others)
        if min(distance(color, other) for other in others) > max(apart, 2 * spread):
            return place
    return None


def _framed(panels: Sequence[Panel], row: Sequence[int]) -> int | None:
    frames = [place for place, number in enumerate(row) if any(panel.lines == (number,) for panel in panels)]
    return frames[0] if len(frames) == 1 and len(row) > 2 else None


def _underlined(scan: Scan, row: Sequence[int]) -> int | None:
    marked = [place for place, number in enumerate(row) if _has_line_below(scan, scan.lines[number].box)]
    return marked[0] if len(marked) == 1 else None


def _has_line_below(scan: Scan, box: Box) -> bool:
    tall = size_of(box)[1]
    for blob in scan.blobs:
        width, height = size_of(blob.box)
        gap = blob.box[1] - box[3]
        if blob.lines or height > 0.4 * tall or width < 2 * height or not -0.15 * tall <= gap <= 1.3 * tall:
            continue
        if overlap(blob.box, box, 0) > 0.9 and width <= 1.5 * size_of(box)[0] + tall:
            return abs(sum(blob.box[::2]) - sum(box[::2])) < tall
    return False


def _cell(scan: Scan, row: Sequence[int], place: int) -> Box:
    """A tab reaches half way to its neighbours."""
    boxes = [scan.lines[number].box for number in row]
    x1, y1, x2, y2 = boxes[place]
    half = (y2 - y1) // 2
    outer = max(half, (boxes[1][0] - boxes[0][2]) // 2)
    left = (boxes[place - 1][2] + x1) // 2 if place else max(0, x1 - outer)
    right = (boxes[place + 1][0] + x2) // 2 if place + 1 < len(boxes) else min(scan.width, x2 + outer)
    return left, max(0, y1 - half), right, min(scan.height, y2 + half)
