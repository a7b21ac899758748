"""What tables are asked for: cells, extremes, counts, sums that are printed or take one step; `wholes` has the rest."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.families.table import phrases
from kantu.synth.families.table.content import Column, Content, number
from kantu.synth.families.table.grid import Placed
from kantu.synth.families.table.wholes import wholes
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.synth.words import vocabulary
from kantu.synth.words.phrases import quoted
from kantu.synth.words.wording import told, worded

_ORDINALS = "一二三四五六七八九十"
_RANKED = frozenset(("排名", "名次", "序号", "编号", "No.", "#"))


@dataclass(frozen=True)
class _Two:
    """Two rows of a column of numbers, the first one's higher."""

    table: Placed
    in_: str
    column: Column
    high: int
    low: int

    def names(self) -> tuple[str, str]:
        return self.table.content.keys[self.high], self.table.content.keys[self.low]


def numeric(content: Content) -> list[Column]:
    """The columns that can be compared: numbers that are no ranks."""
    return [column for column in content.columns if column.number and column.name not in _RANKED]


class TableQuestions:
    """Makes the questions about the tables of one page; `titled` are those whose title is printed."""

    def __init__(self, tables: tuple[Placed, ...], titled: tuple[str, ...]) -> None:
        self.tables = tables
        self.titled = titled

    def first(self, rng: random.Random) -> list[Asker]:
        """What every page is asked before all else."""
        return [self.cell, rng.choice((self.cell, self.extreme, self.title))]

    def all(self) -> Weighted:
        """A table's own questions and the generic ones that suit it."""
        return (
            (self.cell, 6.0), (self.cell_number, 0.7), (self.key_of, 1.5), (self.extreme, 1.7),
            (self.extreme_value, 0.5), (self.compare, 1.0), (self.more_than, 0.6), (self.count, 1.0),
            (self.count_value, 0.8), (self.count_above, 0.4), (self.total, 1.5), (self.sum, 0.6),
            (self.difference, 0.6), (self.title, 0.7), (self.absent, 1.2), (self.field, 0.8),
            *wholes(self.tables, self.titled),
            (places.at_box, 1.1), (places.where, 1.0), (places.relation("right", say.RIGHT), 0.3),
            (texts.present, 0.5), (texts.edge_row, 0.2), (texts.transcribe_page, 0.6), (fields.unanswerable, 0.2),
            (fields.marked, 0.2),
        )  # fmt: skip

    def _some(self, scene: Scene) -> tuple[Placed, str]:
        """A table, and words that say which is meant where there are several."""
        table = scene.rng.choice(self.tables)
        several = len(self.tables) > 1
        return table, told(scene.rng, phrases.IN, t=table.content.title) if several else ""

    def cell(self, scene: Scene) -> Question | None:
        """A cell by the names of its row and column."""
        rng = scene.rng
        table, in_ = self._some(scene)
        content = table.content
        row = rng.randrange(len(content.keys))
        column = rng.choice([c for index, c in enumerate(content.columns) if index != content.key])
        x = quoted(rng, content.keys[row], bare=0.75)
        asked = worded(rng, phrases.CELL, in_=in_, x=x, c=quoted(rng, column.spoken, bare=0.9))
        value = column.cells[row]
        answer = told(rng, phrases.CELL_ANSWERS, v=value, x=content.keys[row], c=column.spoken)
        return Question("cell", asked, answer, (value,))

    def cell_number(self, scene: Scene) -> Question | None:
        """A cell by the number of its row, counted under the header."""
        rng = scene.rng
        table, in_ = self._some(scene)
        content = table.content
        row = rng.randrange(min(len(content.keys), len(_ORDINALS)))
        column = rng.choice(content.columns)
        ordinal = rng.choice((_ORDINALS[row], str(row + 1)))
        asked = worded(rng, phrases.CELL_NUMBER, in_=in_, n=ordinal, c=column.spoken, o=content.noun)
        return Question("cell", asked, told(rng, phrases.CELL_ANSWERS[:5], v=column.cells[row]), (column.cells[row],))

    def key_of(self, scene: Scene) -> Question | None:
        """The row in which a column has this value, where one row only has."""
        rng = scene.rng
        table, in_ = self._some(scene)
        content = table.content
        column = rng.choice([c for index, c in enumerate(content.columns) if index != content.key])
        row = rng.randrange(len(content.keys))
        if column.cells.count(column.cells[row]) > 1:
            return None
        asked = worded(
            rng, phrases.KEY_OF, in_=in_, c=column.spoken, v=quoted(rng, column.cells[row], bare=0.8), o=content.noun
        )
        key = content.keys[row]
        return Question("cell", asked, told(rng, phrases.NAME_ANSWERS, v=key), (key,))

    def _numbers(self, scene: Scene) -> tuple[Placed, str, Column, list[float]] | None:
        table, in_ = self._some(scene)
        columns = numeric(table.content)
        if not columns:
            return None
        column = scene.rng.choice(columns)
        return table, in_, column, [number(text) for text in column.cells]

    def extreme(self, scene: Scene) -> Question | None:
        """Which row has the largest or smallest number of a column."""
        rng, found = scene.rng, self._numbers(scene)
        if found is None:
            return None
        table, in_, column, numbers = found
        high = rng.random() < 0.6
        best = (max if high else min)(numbers)
        if numbers.count(best) > 1:
            return None
        row = numbers.index(best)
        forms = phrases.HIGHEST if high else phrases.LOWEST
        asked = worded(rng, forms, in_=in_, c=column.spoken, o=table.content.noun)
        key = table.content.keys[row]
        answer = told(rng, phrases.EXTREME_ANSWERS, v=key, n=column.cells[row], c=column.spoken)
        return Question("extreme", asked, answer, (key,))

    def extreme_value(self, scene: Scene) -> Question | None:
        """The largest number of a column."""
        rng, found = scene.rng, self._numbers(scene)
        if found is None:
            return None
        _, in_, column, numbers = found
        value = column.cells[numbers.index(max(numbers))]
        asked = worded(rng, phrases.EXTREME_VALUE, in_=in_, c=column.spoken)
        return Question("extreme", asked, told(rng, phrases.CELL_ANSWERS[:5], v=value), (value,))

    def _two(self, scene: Scene) -> _Two | None:
        found = self._numbers(scene)
        if found is None:
            return None
        table, in_, column, numbers = found
        a, b = scene.rng.sample(range(len(numbers)), 2)
        if numbers[a] == numbers[b]:
            return None
        return _Two(table, in_, column, a, b) if numbers[a] > numbers[b] else _Two(table, in_, column, b, a)

    def compare(self, scene: Scene) -> Question | None:
        """Which of two rows has more."""
        rng, found = scene.rng, self._two(scene)
        if found is None:
            return None
        more = rng.random() < 0.65
        first, second = rng.sample(found.names(), 2)
        word = rng.choice(("高", "多", "大") if more else ("低", "少", "小"))
        asked = worded(rng, phrases.COMPARE, in_=found.in_, a=first, b=second, c=found.column.spoken, w=word)
        winner = found.names()[0 if more else 1]
        return Question("compare", asked, told(rng, phrases.NAME_ANSWERS, v=winner), (winner,))

    def more_than(self, scene: Scene) -> Question | None:
        """Whether one row has more than another."""
        rng, found = scene.rng, self._two(scene)
        if found is None:
            return None
        first, second = rng.sample(found.names(), 2)
        word = rng.choice(("高", "多", "大"))
        asked = worded(rng, phrases.MORE_THAN, in_=found.in_, a=first, b=second, c=found.column.spoken, w=word)
        answer, forbidden = ("是", ("不是",)) if first == found.names()[0] else ("不是", ())
        return Question("compare", asked, rng.choice((answer, answer + "。")), (answer,), forbidden=forbidden)

    def count(self, scene: Scene) -> Question | None:
        """How many rows or columns."""
        rng = scene.rng
        table, in_ = self._some(scene)
        content = table.content
        if rng.random() < 0.65:
            asked = worded(
                rng, phrases.COUNT_ROWS[1:3] if content.total else phrases.COUNT_ROWS, in_=in_, o=content.noun
            )
            shown, measure = len(content.keys), "个"
        elif any(column.group for column in content.columns):
            return None
        else:
            asked, shown, measure = worded(rng, phrases.COUNT_COLUMNS, in_=in_), len(content.columns), "列"
        answer = told(rng, phrases.COUNT_ANSWERS, v=str(shown), m="行" if "行" in asked else measure)
        return Question("count", asked, answer, (str(shown),))

    def count_value(self, scene: Scene) -> Question | None:
        """How many rows have this value in a column of words."""
        rng = scene.rng
        table, in_ = self._some(scene)
        columns = [c for c in table.content.columns if not c.number and len(set(c.cells)) < len(c.cells)]
        if not columns:
            return None
        column = rng.choice(columns)
        value = rng.choice(column.cells)
        found = sum(value in cell for cell in column.cells)
        if found != column.cells.count(value):
            return None
        forms = phrases.COUNT_VALUE[:2]
        asked = worded(rng, forms, in_=in_, c=column.spoken, v=quoted(rng, value, bare=0.8), o=table.content.noun)
        return Question("count", asked, told(rng, phrases.COUNT_ANSWERS, v=str(found), m="个"), (str(found),))

    def count_above(self, scene: Scene) -> Question | None:
        """How many rows lie above a round number."""
        rng, found = scene.rng, self._numbers(scene)
        if found is None or len(found[3]) > 9:
            return None
        table, in_, column, numbers = found
        size = 10 ** max(len(str(int(max(numbers)))) - 1, 0)
        bound = size * rng.randint(1, 9)
        above = sum(value > bound for value in numbers)
        if not 0 < above < len(numbers) or bound in numbers:
            return None
        asked = worded(rng, phrases.COUNT_ABOVE, in_=in_, c=column.spoken, v=str(bound), o=table.content.noun)
        return Question("count", asked, told(rng, phrases.COUNT_ANSWERS, v=str(above), m="个"), (str(above),))

    def total(self, scene: Scene) -> Question | None:
        """A sum that is printed under a column."""
        rng = scene.rng
        table, in_ = self._some(scene)
        columns = [column for column in table.content.columns if column.total]
        if not columns or not table.content.total:
            return None
        column = rng.choice(columns)
        asked = worded(rng, phrases.TOTAL, in_=in_, c=column.spoken, t=table.content.total, o=table.content.noun)
        return Question("arithmetic", asked, told(rng, phrases.CELL_ANSWERS[:5], v=column.total), (column.total,))

    def sum(self, scene: Scene) -> Question | None:
        """Two small numbers of a column together."""
        return self._worked(scene, phrases.SUM, "+", lambda a, b: a + b)

    def difference(self, scene: Scene) -> Question | None:
        """How much more one row has than another."""
        return self._worked(scene, phrases.DIFFERENCE, "-", lambda a, b: a - b)

    def _worked(
        self, scene: Scene, forms: tuple[str, ...], sign: str, work: Callable[[int, int], int]
    ) -> Question | None:
        rng, found = scene.rng, self._two(scene)
        if found is None:
            return None
        high, low = found.column.cells[found.high], found.column.cells[found.low]
        if not (high.isdecimal() and low.isdecimal() and int(high) < 1000):
            return None
        first, second = found.names()
        asked = worded(rng, forms, in_=found.in_, a=first, b=second, c=found.column.spoken)
        result = str(work(int(high), int(low)))
        step = f"{high}{sign}{low}={result}"
        return Question("arithmetic", asked, rng.choice((step, step + "。", f"{step}，是{result}。")), (result,))

    def title(self, scene: Scene) -> Question | None:
        """The title, where one is printed."""
        rng = scene.rng
        if not self.titled:
            return None
        if len(self.tables) == 1:
            title = self.titled[0]
            return Question("title", worded(rng, phrases.TITLE), told(rng, phrases.NAME_ANSWERS, v=title), (title,))
        index = rng.randrange(len(self.tables))
        title = self.tables[index].content.title
        if len(self.titled) < len(self.tables):
            return None
        asked = worded(rng, phrases.TITLE_OF, p=("第一", "第二")[index])
        return Question("title", asked, told(rng, phrases.NAME_ANSWERS, v=title), (title,))

    def field(self, scene: Scene) -> Question | None:
        """A labelled value beside the table."""
        asked = fields.value(scene)
        return replace(asked, kind="field") if asked else None

    def absent(self, scene: Scene) -> Question | None:
        """A row or a column that is not there."""
        rng = scene.rng
        table, in_ = self._some(scene)
        content = table.content
        if rng.random() < 0.5:
            name = vocabulary.word(rng) if rng.random() < 0.6 else vocabulary.label(rng)
            x, c = rng.choice(content.keys), name
        else:
            key = rng.choice(content.keys)
            index = rng.randrange(len(key))
            other = vocabulary.digits(rng, 1) if key[index].isdigit() else rng.choice(vocabulary.HAN)
            near = rng.random() < 0.4 and len(key) < 5 and content.noun in ("学生", "人", "班次")
            name = key[:index] + other + key[index + 1 :] if near else vocabulary.word(rng)
            x, c = name, rng.choice([c for i, c in enumerate(content.columns) if i != content.key]).spoken
        if scene.shown(name) or any(
            name in text.text or text.text in name for text in scene.texts if len(text.text) > 1
        ):
            return None
        asked = worded(rng, phrases.CELL[:5], in_=in_, x=x, c=c)
        return Question("unanswerable", asked, told(rng, phrases.ABSENT_ANSWERS, x=name), absent=True)
