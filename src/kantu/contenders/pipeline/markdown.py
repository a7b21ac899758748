"""A picture as markdown: rows as they stand, cards as paragraphs, tables as tables, elements where they stand."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kantu.contenders.pipeline.seen import Box, Seen, SeenElement, Table
from kantu.contenders.pipeline.wording import element_words, line_marks, marked
from kantu.solve.reader import PrintedLine

_GROUPS = frozenset(("card", "bubble"))  # are read in one go
_AROUND_WORDS = frozenset(("banner", "button", "tab"))  # are told beside the words in them
_CHARTED = frozenset(("bar", "slice"))
_TOUCHING = 0.12  # of a row's height: words so near are one word
_NEAR = 1.0  # of a row's height: words further apart stand in columns
_HEADING = 1.35  # times as high as most lines
_MOST_OF_IT = 0.9  # of the lines in one card: it is the page


@dataclass(frozen=True)
class _Item:
    """A line or an element that stands in a row."""

    box: Box
    text: str


@dataclass(frozen=True)
class _Block:
    """What is read in one go: a row, a table, or all that a card or a bubble holds."""

    box: Box
    text: str
    apart: bool = False  # from what stands before and after it


def as_markdown(lines: Sequence[PrintedLine], seen: Seen) -> str:
    """The whole picture; empty where there is nothing."""
    page = _Page(lines, seen)
    loose = [e for e in seen.elements if not (e.kind in _CHARTED or e.kind in _GROUPS or _told_beside_words(e))]
    blocks: list[_Block] = []
    rest = set(range(len(lines)))
    for group in _groups(seen.elements, len(lines)):
        inside = rest.intersection(group.lines)
        if inside:
            rest -= inside
            within = [element for element in loose if _holds(group.box, element.box)]
            loose = [element for element in loose if element not in within]
            blocks.append(page.group(group, inside, within))
    told = _joined(_in_order([*blocks, *page.blocks(rest, loose)], page.height))
    ground = f"〔整图{seen.ground}底〕" if seen.ground not in ("", "白") else ""
    return "\n".join(part for part in (ground, told, *_charts(seen.elements)) if part)


class _Page:
    """The lines of a picture and how they are told."""

    def __init__(self, lines: Sequence[PrintedLine], seen: Seen) -> None:
        self._lines, self._seen = lines, seen
        marks = [list(each) for each in line_marks(lines, seen)]
        for element in seen.elements:
            if _told_beside_words(element):
                for number in element.lines:
                    marks[number].append(element_words(element))
        self._items = [_Item(line.box, marked(line.text, own)) for line, own in zip(lines, marks, strict=True)]
        self.height = statistics.median([_height(line.box) for line in lines] or [1])

    def group(self, element: SeenElement, inside: set[int], loose: Sequence[SeenElement]) -> _Block:
        """All that stands in a card or a bubble."""
        rows = _in_order(self.blocks(inside, loose), self.height)
        if element.kind == "bubble":
            return _Block(element.box, f"〔{element_words(element)}〕" + " ".join(row.text for row in rows))
        return _Block(element.box, _joined(rows), apart=True)

    def blocks(self, numbers: set[int], loose: Sequence[SeenElement]) -> list[_Block]:
        """Tables and rows of some of the lines, with elements that hold no words."""
        tables = [table for table in self._seen.tables if table.lines and numbers.issuperset(table.lines)]
        rest = numbers.difference(*(table.lines for table in tables))
        rows = [[self._items[number] for number in row if number in rest] for row in self._seen.rows]
        rows = [row for row in rows if row]
        alone: list[list[_Item]] = []
        for element in loose:
            row = next((row for row in rows if _level(element.box, row)), None)
            if row is None:
                alone.append([_Item(element.box, f"〔{element_words(element)}〕{element.label}")])
            else:
                row.append(_Item(element.box, f"〔{element_words(element)}〕"))
        return [
            *(_Block(table.box, _table(table), apart=True) for table in tables),
            *(self._row(row) for row in [*rows, *alone]),
        ]

    def _row(self, row: list[_Item]) -> _Block:
        items = sorted(row, key=lambda item: item.box[0])
        text = items[0].text
        for before, item in pairwise(items):
            gap = (item.box[0] - before.box[2]) / max(1, min(_height(before.box), _height(item.box)))
            text += ("" if gap < _TOUCHING else " " if gap < _NEAR else " | ") + item.text
        box = _hull([item.box for item in items])
        heading = len(items) == 1 and _height(box) >= _HEADING * self.height and len(self._lines) > 2
        return _Block(box, f"## {text}" if heading else text)


def _told_beside_words(element: SeenElement) -> bool:
    return element.kind in _AROUND_WORDS and bool(element.lines)


def _groups(elements: Iterable[SeenElement], lines: int) -> list[SeenElement]:
    """Cards and bubbles with words, outermost first; none that holds the whole page."""
    groups = [
        element
        for element in elements
        if element.kind in _GROUPS and 0 < len(element.lines) <= max(1, _MOST_OF_IT * lines)
    ]
    return sorted(groups, key=lambda element: (element.box[0] - element.box[2]) * (element.box[3] - element.box[1]))


def _in_order(blocks: Iterable[_Block], height: float) -> list[_Block]:
    """From top to bottom; what begins at one height from left to right."""
    ordered: list[list[_Block]] = []
    for block in sorted(blocks, key=lambda block: block.box[1]):
        if ordered and block.box[1] - ordered[-1][0].box[1] < height / 2:
            ordered[-1].append(block)
        else:
            ordered.append([block])
    return [block for level in ordered for block in sorted(level, key=lambda block: block.box[0])]


def _joined(blocks: Sequence[_Block]) -> str:
    text = blocks[0].text if blocks else ""
    for before, block in pairwise(blocks):
        text += ("\n\n" if before.apart or block.apart else "\n") + block.text
    return text


def _table(table: Table) -> str:
    """A table of markdown; its first row is the head."""
    rows = ["| " + " | ".join(cell.replace("|", "｜") for cell in row) + " |" for row in table.cells]
    return "\n".join([rows[0], "|" + "---|" * len(table.cells[0]), *rows[1:]])


def _charts(elements: Sequence[SeenElement]) -> Iterator[str]:
    """Bars and slices with what their length tells, named by how they stand."""
    for kind, name in (("bar", ""), ("slice", "饼图")):
        drawn = [element for element in elements if element.kind == kind]
        if drawn:
            parts = "\n".join(f"- {element.label or '（无名）'}〔{element_words(element)}〕" for element in drawn)
            yield f"{name or _bars(drawn)}：\n{parts}"


def _bars(bars: Sequence[SeenElement]) -> str:
    """Bars of one foot stand, those of one left edge lie."""
    feet, lefts = ([bar.box[edge] for bar in bars] for edge in (3, 0))
    return "柱状图" if max(feet) - min(feet) <= max(lefts) - min(lefts) else "条形图"


def _level(box: Box, row: Sequence[_Item]) -> bool:
    """Whether something stands in a row: its middle does, and it is not much higher."""
    top, bottom = min(item.box[1] for item in row), max(item.box[3] for item in row)
    return top < (box[1] + box[3]) / 2 < bottom and box[3] - box[1] < 2.5 * (bottom - top)


def _holds(outer: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _hull(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def _height(box: Box) -> int:
    """Of a line's type: the shorter side, as a line may stand upright."""
    return min(box[3] - box[1], box[2] - box[0])
