"""Where in its picture stands what a question or an answer says: what some heads of the decoder are taught to look at.

Answers teach to look things up by their words alone very slowly: after 100,000 pictures the first character of a value
was right in a third of all cases where the following ones were in nine of ten, and no head found the label that a
question names. Targets for the attention of a few heads say it outright.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from kantu.synth.page import Box, Line, Page, Question
from kantu.training.mini.reading_out import READ_OUT

_SHORTEST = 2  # characters of what is looked for without being told that it is a value
_MOST_PLACES = 4  # what stands in more places says too little
_BOX = re.compile(r"[\[(（]\s*(\d+)\s*[,，]\s*(\d+)(?:\s*[,，]\s*(\d+)\s*[,，]\s*(\d+))?\s*[\])）]")
_THOUSANDTHS = 1000
_STATE = "state"  # the kind of questions whether a switch is on

Cells = frozenset[int]


class Look(IntEnum):
    """What a token is taught to look at, each by a head of its own."""

    FINDS = 0
    """From what a question quotes: at where it stands."""

    READS = 1
    """From the token before a character of an answer: at that character."""

    ASKED_FIRST = 2
    """From the token before an answer's first character: at the first thing that the question quotes."""

    ASKED_LAST = 3
    """The same at the last one: a cell of a table has the names of a row and a column."""

    LEFT = 4
    """Within the picture, from a value's first character: at the last one of the label to its left that it is asked by.

    What a value belongs to is seen from the value: from a label it cannot be told how far away its value stands.
    """

    ABOVE = 5
    """The same at a label that stands higher."""


@dataclass(frozen=True)
class Place:
    """A character of a text, and the visual tokens of which any is right to look at."""

    character: int
    cells: Cells


class Quoted:
    """Lines that can be quoted, with the token at which each of their characters is seen, and named things."""

    def __init__(self, lines: Sequence[tuple[str, Sequence[int]]], elements: Mapping[str, set[int]]) -> None:
        """`elements`: where a thing of this name is seen."""
        self._lines, self._elements = lines, elements
        self._pairs: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, (text, _) in enumerate(lines):
            for start in range(len(text) - 1):
                self._pairs[text[start : start + _SHORTEST]].append((number, start))

    def asked(self, question: str) -> list[list[Place]]:
        """What a question quotes of the lines, one after the other, without each one's first character.

        A first character cannot know yet which of the words is meant.
        """
        return [places[1:] for places in self._quoted(question)]

    def answered(self, question: Question) -> Iterator[Place]:
        """Characters of its answer: first where its values stand, then whatever else it quotes."""
        answer, taken = question.answer, set[int]()
        for place in self._told(question):
            taken.add(place.character)
            yield place
        for value in question.values:
            start = answer.find(value)
            if value and start >= 0 and start not in taken:
                for place in self._value(value, start):
                    taken.add(place.character)
                    yield place
        for places in self._quoted(answer):
            yield from (place for place in places if place.character not in taken)

    def belonging(self, question: Question, answered: Sequence[Place]) -> Iterator[tuple[Look, int, int]]:
        """What in the picture belongs to what, as far as a question and where its answer stands tell."""
        return iter(())

    def _told(self, question: Question) -> Iterator[Place]:
        """Characters of its answer of which it is known otherwise where to look."""
        return iter(())

    def _value(self, value: str, start: int) -> list[Place]:
        """A value as a line of its own, else as a part of lines; nothing where it stands in too many places."""
        found = [cells[text.find(value) :] for text, cells in self._lines if text.strip() == value]
        if not found and len(value) >= _SHORTEST:
            found = [cells[text.find(value) :] for text, cells in self._lines if _stands(value, text, text.find(value))]
        if not 0 < len(found) <= _MOST_PLACES:
            return []
        return [
            Place(start + number, frozenset(cells[number] for cells in found if number < len(cells)))
            for number in range(min(len(value), max(map(len, found))))
        ]

    def _quoted(self, text: str) -> Iterator[list[Place]]:
        """The longest pieces of the page's lines that a text contains, from left to right."""
        start = 0
        while start < len(text):
            length, places = self._longest(text, start)
            if 0 < len(places) <= _MOST_PLACES:
                yield [
                    Place(start + number, frozenset(self._lines[line][1][at + number] for line, at in places))
                    for number in range(length)
                ]
            elif length == 0:
                label = next((label for label in self._elements if text.startswith(label, start)), None)
                if label is not None:
                    cells = frozenset(self._elements[label])
                    yield [Place(start + number, cells) for number in range(len(label))]
                    length = len(label)
            start += max(length, 1)

    def _longest(self, text: str, start: int) -> tuple[int, list[tuple[int, int]]]:
        """How much of the text from `start` on stands in lines, and where (line, character)."""
        length, places = 0, list[tuple[int, int]]()
        for line, at in self._pairs.get(text[start : start + _SHORTEST], ()):
            printed = self._lines[line][0]
            common = _SHORTEST
            while at + common < len(printed) and text[start + common : start + common + 1] == printed[at + common]:
                common += 1
            if not _stands(text[start : start + common], printed, at):
                continue
            if common > length:
                length, places = common, []
            if common == length:
                places.append((line, at))
        return length, places


class Printed(Quoted):
    """What one page shows and where, in visual tokens of `cell` pixels, row by row."""

    def __init__(self, page: Page, cell: int) -> None:
        self.columns, self.rows = page.image.width // cell, page.image.height // cell
        self.cell = cell
        places: list[tuple[str, list[int]]] = [(line.text, self._cells(line)) for line in page.lines]
        self._boxes = [
            (at, box)
            for line, (text, cells) in zip(page.lines, places, strict=True)
            for character, at, box in zip(text, cells, line.char_boxes, strict=True)
            if not character.isspace()
        ]
        elements: dict[str, set[int]] = defaultdict(set)
        self._states: dict[str, set[int]] = defaultdict(set)
        for element in page.elements:
            if element.label and element.state:
                self._states[element.label] |= self.inside(element.box)
            if len(element.label) >= _SHORTEST:
                elements[element.label] |= self.inside(element.box)
        super().__init__(places, elements)

    def asked(self, question: str) -> list[list[Place]]:
        """The same, and coordinates, in the order of the question."""
        corners = [[place] for place in self._corners(question, last_digits=True)]
        return sorted(corners + super().asked(question), key=lambda places: places[0].character)

    def belonging(self, question: Question, answered: Sequence[Place]) -> Iterator[tuple[Look, int, int]]:
        """Where the answer's value begins and where a label that the question quotes ends, if both are clear.

        Labels to the right of a value or lower are left out: visual tokens do not see those behind them.
        """
        if question.kind == READ_OUT:
            return
        value = min(answered, key=lambda place: place.character, default=None)
        if value is None or len(value.cells) > 1:
            return
        (cell,) = value.cells
        for places in super().asked(question.question):
            if len(places[-1].cells) > 1:
                continue
            (label,) = places[-1].cells
            if label // self.columns < cell // self.columns:
                yield Look.ABOVE, cell, label
            elif label // self.columns == cell // self.columns and label < cell:
                yield Look.LEFT, cell, label

    def _told(self, question: Question) -> Iterator[Place]:
        """Coordinates, and values that a control's state tells."""
        yield from self._corners(question.answer, last_digits=False)
        control = self._control(question)
        if control:
            for value in filter(None, question.values):
                start = question.answer.find(value)
                if start >= 0:
                    yield from (Place(start + number, control) for number in range(len(value)))

    def inside(self, box: Box) -> set[int]:
        """The cells whose centres lie in a box, or the one where its own centre is."""
        x1, y1, x2, y2 = box
        columns = [column for column in range(self.columns) if x1 <= (column + 0.5) * self.cell <= x2]
        rows = [row for row in range(self.rows) if y1 <= (row + 0.5) * self.cell <= y2]
        return {row * self.columns + column for row in rows for column in columns} or {self._at(*_centre(box))}

    def extents(self) -> dict[int, Box]:
        """By cell the box around the characters whose centres lie in it, in cells from the cell's upper left corner."""
        found: dict[int, Box] = {}
        for at, box in self._boxes:
            x1, y1, x2, y2 = found.get(at, box)
            found[at] = min(x1, box[0]), min(y1, box[1]), max(x2, box[2]), max(y2, box[3])
        return {at: self._within(at, box) for at, box in found.items()}

    def _within(self, at: int, box: Box) -> Box:
        row, column = divmod(at, self.columns)
        x1, y1, x2, y2 = (edge / self.cell for edge in box)
        return x1 - column, y1 - row, x2 - column, y2 - row

    def _control(self, question: Question) -> Cells:
        """Where the control stands whose state is asked for; nothing where none is named."""
        if question.kind != _STATE:
            return frozenset()
        named = [label for label in self._states if label in question.question]
        return frozenset(self._states[max(named, key=len)]) if named else frozenset()

    def _cells(self, line: Line) -> list[int]:
        return [self._at(*_centre(box)) for box in line.char_boxes]

    def _at(self, x: float, y: float) -> int:
        column = min(max(int(x // self.cell), 0), self.columns - 1)
        row = min(max(int(y // self.cell), 0), self.rows - 1)
        return row * self.columns + column

    def _corners(self, text: str, *, last_digits: bool) -> Iterator[Place]:
        """Coordinates in thousandths: each number, or the last digit of each pair, with the cell of its corner."""
        for match in _BOX.finditer(text):
            numbers = [int(number) for number in match.groups() if number is not None]
            if max(numbers) > _THOUSANDTHS:
                continue
            inset = 2.0 if len(numbers) == 4 else 0.0
            for pair in range(0, len(numbers), 2):
                x, y = numbers[pair : pair + 2]
                inwards = inset if pair == 0 else -inset
                cell = frozenset(
                    {
                        self._at(
                            x / _THOUSANDTHS * self.columns * self.cell + inwards,
                            y / _THOUSANDTHS * self.rows * self.cell + inwards,
                        )
                    }
                )
                first, end = match.start(pair + 1), match.end(pair + 2)
                yield from (Place(at, cell) for at in ([end - 1] if last_digits else range(first, end)))


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _stands(text: str, printed: str, at: int) -> bool:
    """Whether `text` stands at that place of a line and does not cut a number in two."""
    if at < 0:
        return False
    before, after = printed[at - 1 : at] if at else "", printed[at + len(text) : at + len(text) + 1]
    return not (text[0].isdigit() and before.isdigit()) and not (text[-1].isdigit() and after.isdigit())
