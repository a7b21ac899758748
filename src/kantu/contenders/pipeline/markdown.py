"""A picture as markdown: rows as they stand, cards as paragraphs, tables as tables, elements where they stand."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from kantu.contenders.pipeline.seen import Box, Seen, SeenElement
from kantu.contenders.pipeline.wording import element_words, line_marks, marked
from kantu.solve.boxes import hull
from kantu.solve.reader import PrintedLine

_GROUPS = frozenset(("card", "bubble"))  # are read in one go
_AROUND_WORDS = frozenset(("banner", "button", "tag", "input", "tab"))  # are told beside the words in them
_CHARTED = {"bar": "", "point": "折线图", "slice": "饼图"}  # and what is drawn with it; bars stand or lie
_TOUCHING = 0.12  # of a row's height: words so near are one word
_NEAR = 1.0  # of a row's height: words further apart stand in columns
_HEADING = 1.35  # times as high as most lines
_MOST_HEIGHT = 2.5  # times a row's: what is higher does not stand in it
_MOST_OF_IT = 0.9  # of the lines in one card: it is the page


@dataclass(frozen=True)
class _Item:
    """A line or an element that stands in a row."""

    box: Box
    text: str
    is_line: bool = True


@dataclass(frozen=True)
class _Block:
    """What is read in one go: a row, a table, or all that a card or a bubble holds.

    Attributes:
        place: the number of its first line, by which blocks are put in order.
        apart: from what stands before and after it.
    """

    place: float
    text: str
    apart: bool = False


def as_markdown(lines: Sequence[PrintedLine], seen: Seen) -> str:
    """The whole picture, in the reader's order; empty where there is nothing."""
    page = _Page(lines, seen)
    loose = [e for e in seen.elements if not (e.kind in (*_CHARTED, *_GROUPS) or _told_beside_words(e))]
    blocks: list[_Block] = []
    rest = set(range(len(lines)))
    for group in groups_of(seen, len(lines)):
        inside = rest.intersection(group.lines)
        if inside:
            rest -= inside
            within = [element for element in loose if _holds(group.box, element.box)]
            loose = [element for element in loose if element not in within]
            blocks.append(page.group(group, inside, within))
    told = _joined([*blocks, *page.blocks(rest, loose)])
    ground = f"〔整图{seen.ground}底〕" if seen.ground not in ("", "白") else ""
    return "\n".join(part for part in (ground, told, *_charts(seen.elements)) if part)


def groups_of(seen: Seen, lines: int) -> list[SeenElement]:
    """Cards and bubbles with words, outermost first; none that holds the whole page of so many lines."""
    groups = [
        element
        for element in seen.elements
        if element.kind in _GROUPS and 0 < len(element.lines) <= max(1, _MOST_OF_IT * lines)
    ]
    return sorted(groups, key=lambda element: (element.box[0] - element.box[2]) * (element.box[3] - element.box[1]))


class _Page:
    """The lines of a picture and how they are told."""

    def __init__(self, lines: Sequence[PrintedLine], seen: Seen) -> None:
        self._lines, self._seen = lines, seen
        self._row_of = {number: row for row, numbers in enumerate(seen.rows) for number in numbers}
        marks = [list(each) for each in line_marks(lines, seen)]
        for element in seen.elements:
            if _told_beside_words(element):
                for number in element.lines:
                    marks[number].append(element_words(element))
        self._items = [_Item(line.box, marked(line.text, own)) for line, own in zip(lines, marks, strict=True)]
        self._height = statistics.median([_height(line.box) for line in lines] or [1])

    def group(self, element: SeenElement, inside: set[int], loose: Sequence[SeenElement]) -> _Block:
        """All that stands in a card or a bubble."""
        blocks = self.blocks(inside, loose)
        if element.kind == "card":
            return _Block(min(inside), _joined(blocks), apart=True)
        words = " ".join(block.text for block in sorted(blocks, key=lambda block: block.place))
        return _Block(min(inside), f"〔{element_words(element)}〕{words}")

    def blocks(self, numbers: set[int], loose: Sequence[SeenElement]) -> list[_Block]:
        """Tables and rows of some of the lines, with elements that hold no words."""
        tables = [table for table in self._seen.tables if table.lines and numbers.issuperset(table.lines)]
        rest = sorted(numbers.difference(*(table.lines for table in tables)))
        # Neighbours in the reader's order: what stands at one height in two columns is no row.
        rows = [list(row) for _, row in groupby(rest, key=self._row_of.get)]
        beside: list[list[SeenElement]] = [[] for _ in rows]
        blocks = [_Block(min(table.lines), _table(table.cells), apart=True) for table in tables]
        around = [hull(self._lines[number].box for number in row) for row in rows]
        for element in loose:
            level = [at for at, box in enumerate(around) if _level(element.box, box)]
            if level:
                nearest = min(level, key=lambda at: _gap(element.box, around[at]))
                beside[nearest].append(element)
            elif element.label or element.kind != "icon":  # a page is full of marks that say nothing by themselves
                blocks.append(_Block(self._before(element.box), f"〔{element_words(element)}〕{element.label}"))
        return [*blocks, *(self._row(row, with_it) for row, with_it in zip(rows, beside, strict=True))]

    def _row(self, numbers: Sequence[int], elements: Sequence[SeenElement]) -> _Block:
        told = [_Item(element.box, f"〔{element_words(element)}〕", is_line=False) for element in elements]
        items = sorted([*(self._items[number] for number in numbers), *told], key=lambda item: item.box[0])
        text = items[0].text
        for before, item in pairwise(items):
            gap = (item.box[0] - before.box[2]) / max(1, min(_height(before.box), _height(item.box)))
            text += ("" if gap < _TOUCHING else " " if gap < _NEAR else " | ") + item.text
        heading = len(items) == 1 and _height(items[0].box) >= _HEADING * self._height and len(self._lines) > 2
        return _Block(numbers[0], f"## {text}" if heading else text)

    def _before(self, box: Box) -> float:
        """The place of something that stands in no row: before the nearest words beside it, else those below it."""
        middles = [(line.box[1] + line.box[3]) / 2 for line in self._lines]
        beside = [number for number, middle in enumerate(middles) if box[1] <= middle <= box[3]]
        if beside:
            return min(beside, key=lambda at: (_gap(box, self._lines[at].box) // self._height, at)) - 0.5
        below = (
            number
            for number, line in enumerate(self._lines)
            if middles[number] > box[3] and line.box[0] < box[2] and line.box[2] > box[0]
        )
        return min(below, default=len(self._lines)) - 0.5


def _told_beside_words(element: SeenElement) -> bool:
    return element.kind in _AROUND_WORDS and bool(element.lines)


def _joined(unordered: Sequence[_Block]) -> str:
    blocks = sorted(unordered, key=lambda block: block.place)
    text = blocks[0].text if blocks else ""
    for before, block in pairwise(blocks):
        text += ("\n\n" if before.apart or block.apart else "\n") + block.text
    return text


def _table(cells: Sequence[Sequence[str]]) -> str:
    """A table of markdown, whose first row is the head; of two columns, labels with values, it is rows like others."""
    if len(cells[0]) == 2:
        return "\n".join(" | ".join(cell for cell in row if cell) for row in cells)
    rows = ["| " + " | ".join(cell.replace("|", "｜") for cell in row) + " |" for row in cells]
    return "\n".join([rows[0], "|" + "---|" * len(cells[0]), *rows[1:]])


def _charts(elements: Sequence[SeenElement]) -> Iterator[str]:
    """Bars, points and slices with what their length tells: of several series as a table."""
    for kind, chart in _CHARTED.items():
        drawn = [element for element in elements if element.kind == kind]
        if not drawn:
            continue
        name = chart or _bars(drawn)
        series = list(dict.fromkeys(element.series for element in drawn))
        if len(series) == 1:
            yield f"{name}：\n" + "\n".join(f"{e.label or '（无名）'}〔{element_words(e)}〕" for e in drawn)
            continue
        found = {(e.label, e.series): "" if e.value is None else f"约{e.value:g}" for e in drawn}
        labels = dict.fromkeys(element.label for element in drawn)
        rows = [[label, *(found.get((label, each), "") for each in series)] for label in labels]
        yield f"{name}：\n" + _table([["", *series], *rows])


def _bars(bars: Sequence[SeenElement]) -> str:
    """Bars of one foot stand, those of one left edge lie; on those of another series they are stacked."""
    for edges in (slice(0, None, 2), slice(1, None, 2)):
        if len({(bar.label, bar.box[edges]) for bar in bars}) < len(bars):
            return "堆叠图"
    feet, lefts = ([bar.box[edge] for bar in bars] for edge in (3, 0))
    return "柱状图" if max(feet) - min(feet) <= max(lefts) - min(lefts) else "条形图"


def _level(box: Box, row: Box) -> bool:
    """Whether something stands in a row: its middle does, and it is not much higher."""
    return row[1] < (box[1] + box[3]) / 2 < row[3] and box[3] - box[1] < _MOST_HEIGHT * (row[3] - row[1])


def _gap(a: Box, b: Box) -> int:
    """Pixels of white between two boxes at one height."""
    return max(a[0] - b[2], b[0] - a[2], 0)


def _holds(outer: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _height(box: Box) -> int:
    """Of a line's type: the shorter side, as a line may stand upright."""
    return min(box[3] - box[1], box[2] - box[0])
