"""Questions about rows, columns and tables as a whole: read out, as JSON, in a sentence, and where they are."""

from __future__ import annotations

import json

from kantu.synth.ask.generic import Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.families.table import phrases
from kantu.synth.families.table.content import Content, number
from kantu.synth.families.table.grid import Placed
from kantu.synth.page import Box, Question
from kantu.synth.words import vocabulary
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import CHART, EXTRACT, LOCATE, READ
from kantu.tasks.results import ChartKind, ChartResult, written

_MOST_CELLS = 24  # a longer table is not asked to be written


def wholes(tables: tuple[Placed, ...], titled: tuple[str, ...]) -> Weighted:
    """The askers for the tables of a page."""
    made = _Wholes(tables, titled)
    return (
        (made.row, 0.8), (made.column, 0.6), (made.heads, 0.4), (made.record, 1.0), (made.vague, 0.5),
        (made.typed, 1.2), (made.box, 1.4),
    )  # fmt: skip


class _Wholes:
    def __init__(self, tables: tuple[Placed, ...], titled: tuple[str, ...]) -> None:
        self.tables = tables
        self.titled = titled

    def _some(self, scene: Scene) -> tuple[Placed, str]:
        table = scene.rng.choice(self.tables)
        several = len(self.tables) > 1
        return table, told(scene.rng, phrases.IN, t=table.content.title) if several else ""

    def row(self, scene: Scene) -> Question | None:
        """A row read out."""
        table, in_ = self._some(scene)
        index = scene.rng.randrange(len(table.content.keys))
        cells = table.content.rows[index]
        asked = worded(scene.rng, phrases.ROW, in_=in_, x=table.content.keys[index])
        return Question("transcribe", asked, " ".join(cells), cells, READ.name)

    def column(self, scene: Scene) -> Question | None:
        """A column read out, without its header and sum."""
        table, in_ = self._some(scene)
        column = scene.rng.choice(table.content.columns)
        asked = worded(scene.rng, phrases.COLUMN, in_=in_, c=column.spoken)
        return Question("transcribe", asked, "\n".join(column.cells), column.cells, READ.name)

    def heads(self, scene: Scene) -> Question | None:
        """What stands in the header."""
        table, in_ = self._some(scene)
        if any(column.group for column in table.content.columns):
            return None
        names = tuple(column.name for column in table.content.columns)
        return Question("transcribe", worded(scene.rng, phrases.HEADS, in_=in_), " ".join(names), names, READ.name)

    def record(self, scene: Scene) -> Question | None:
        """Some cells of a row as JSON; null for a column that is not there."""
        rng = scene.rng
        table, in_ = self._some(scene)
        content = table.content
        row = rng.randrange(len(content.keys))
        others = [column for index, column in enumerate(content.columns) if index != content.key]
        if len(others) < 2:
            return None
        chosen = rng.sample(others, rng.randint(2, min(4, len(others))))
        record: dict[str, str | None] = {column.spoken: column.cells[row] for column in chosen}
        absent = vocabulary.label(rng)
        if rng.random() < 0.2 and not any(absent in text.text or text.text in absent for text in scene.texts):
            record[absent] = None
        asked = worded(rng, phrases.RECORD, in_=in_, x=content.keys[row], k="、".join(record))
        values = tuple(value for value in record.values() if value is not None)
        return Question("record", asked, json.dumps(record, ensure_ascii=False), values, EXTRACT.name)

    def vague(self, scene: Scene) -> Question | None:
        if len(self.tables) > 1 or not self.titled:
            return None
        content, title = self.tables[0].content, self.titled[0]
        answer = scene.rng.choice(
            (
                f"这是一张表格，标题是“{title}”，共{len(content.keys)}行数据。",
                f"这是“{title}”，有{len(content.columns)}列。",
                f"一张“{title}”，列出了{len(content.keys)}个{content.noun}。",
            )
        )
        return Question("vague", worded(scene.rng, phrases.VAGUE), answer, (title,))

    def typed(self, scene: Scene) -> Question | None:
        """The chart task reads tables too."""
        if len(self.tables) > 1:
            return None
        content = self.tables[0].content
        rows = [list(row) for row in content.rows]
        if content.total:
            rows.append([content.total if index == 0 else column.total for index, column in enumerate(content.columns)])
        if len(rows) * len(content.columns) > _MOST_CELLS:
            return None
        result = ChartResult(
            kind=ChartKind.TABLE,
            title=self.titled[0] if self.titled else None,
            unit=content.unit if content.unit and scene.shown(f"单位：{content.unit}") else None,
            header=[column.spoken for column in content.columns],
            rows=rows,
            conclusion=_conclusion(content),
        )
        values = tuple(cell for row in rows for cell in row)
        return Question("task", CHART.instruct(), written(result), values, CHART.name)

    def box(self, scene: Scene) -> Question | None:
        """Where a cell's text, a row or a table is."""
        rng, page = scene.rng, scene.page
        table, in_ = self._some(scene)
        content = table.content
        kind = rng.random()
        if kind < 0.45:
            row = rng.randrange(len(content.keys))
            index = rng.choice([i for i in range(len(content.columns)) if i != content.key])
            text = content.columns[index].cells[row]
            same = [line for line in page.lines if line.role == "cell" and line.text == text]
            if len(same) != 1:
                return None
            asked = worded(rng, phrases.BOX_CELL, in_=in_, x=content.keys[row], c=content.columns[index].spoken)
            return self._boxed(scene, asked, same[0].box, text)
        if kind < 0.75:
            key = rng.choice(content.keys)
            rows = [element for element in page.elements if element.kind == "row" and element.label == key]
            if len(rows) != 1:
                return None
            return self._boxed(scene, worded(rng, phrases.BOX_ROW, in_=in_, x=key), rows[0].box, key)
        boxes = [element for element in page.elements if element.kind == "table" and element.label == content.title]
        several = len(self.tables) > 1
        asked = worded(rng, phrases.BOX_TABLE_OF if several else phrases.BOX_TABLE, t=content.title)
        return self._boxed(scene, asked, boxes[0].box, content.title if several else "表格")

    def _boxed(self, scene: Scene, asked: str, box: Box, label: str) -> Question:
        boxes = [{"bbox_2d": scene.relative(box), "label": label}]
        return Question("box", asked, json.dumps(boxes, ensure_ascii=False), task=LOCATE.name)


def _conclusion(content: Content) -> str:
    """The sum that is printed, or who has most, or how many rows there are."""
    summed = [column for column in content.columns if column.total]
    if content.total and summed:
        return f"{summed[-1].spoken}合计{summed[-1].total}。"
    for column in content.columns:
        if column.number:
            numbers = [number(cell) for cell in column.cells]
            best = max(numbers)
            if numbers.count(best) == 1:
                row = numbers.index(best)
                return f"{content.keys[row]}的{column.spoken}最高，为{column.cells[row]}。"
    return f"共{len(content.keys)}个{content.noun}。"
