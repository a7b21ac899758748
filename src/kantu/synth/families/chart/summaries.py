"""Questions about a chart as a whole: its kind, what it shows in a sentence, its numbers as JSON, where things are."""

from __future__ import annotations

import json
from collections import Counter

from kantu.synth.ask.generic import Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.draw.palette import color_name, hues_apart, vivid
from kantu.synth.families.chart import phrases
from kantu.synth.families.chart.frame import Shown, plain
from kantu.synth.page import Question
from kantu.synth.words import vocabulary
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import CHART, EXTRACT, LOCATE
from kantu.tasks.results import ChartKind, ChartResult, written

KINDS = {
    "bars": ChartKind.BARS, "grouped": ChartKind.BARS, "lying": ChartKind.HORIZONTAL_BARS, "line": ChartKind.LINES,
    "pie": ChartKind.PIE, "stacked": ChartKind.STACKED,
}  # fmt: skip
_MOST_CELLS = 18  # a longer table is not asked to be written


def summaries(charts: tuple[Shown, ...]) -> Weighted:
    """The askers for the charts of a page."""
    made = _Summaries(charts)
    return (
        (made.color, 0.8), (made.kind, 0.5), (made.record, 0.7), (made.vague, 0.5), (made.box, 1.1), (made.typed, 1.2),
    )  # fmt: skip


class _Summaries:
    def __init__(self, charts: tuple[Shown, ...]) -> None:
        self.charts = charts

    def color(self, scene: Scene) -> Question | None:
        """What a colour stands for, where it has a name that fits no other."""
        rng = scene.rng
        chart = rng.choice(self.charts)
        in_ = told(rng, phrases.IN, t=chart.title) if len(self.charts) > 1 else ""
        colors = dict(chart.colored)
        if len(colors) < 2:
            return None
        strong = [color for color in colors.values() if vivid(color)]
        names = {key: color_name(color) for key, color in colors.items()}
        clear = [
            key for key, name in names.items()
            if name and all(other == colors[key] or hues_apart(other, colors[key]) for other in strong)
            and strong.count(colors[key]) == 1
        ]  # fmt: skip
        if not clear:
            return None
        key = rng.choice(clear)
        mark = {"line": "线", "pie": "扇形"}.get(chart.form, "柱子")
        asked = worded(rng, phrases.COLOR, in_=in_, c=names[key], k=mark)
        return Question("field", asked, told(rng, phrases.NAME_ANSWERS, v=key), (key,))

    def kind(self, scene: Scene) -> Question | None:
        rng = scene.rng
        if len({KINDS[chart.form] for chart in self.charts}) > 1:
            return None
        name = KINDS[self.charts[0].form]
        return Question("choice", worded(rng, phrases.KIND), rng.choice((name, f"{name}。", f"是{name}。")), (name,))

    def record(self, scene: Scene) -> Question | None:
        """Some values as JSON; now and then one that is not there."""
        rng = scene.rng
        chart = rng.choice(self.charts)
        in_ = told(rng, phrases.IN, t=chart.title) if len(self.charts) > 1 else ""
        data = chart.data
        cells = sorted(cell for cell in chart.readable if cell[0] == 0)
        if len(data.series) > 1 or len(cells) < 3:
            return None
        chosen = rng.sample(cells, rng.randint(2, min(4, len(cells))))
        record: dict[str, str | None] = {data.categories[c]: data.write(data.values[0][c]) for _, c in chosen}
        other = vocabulary.word(rng)
        if rng.random() < 0.2 and not scene.shown(other):
            record[other] = None
        asked = in_ + worded(rng, phrases.RECORD, x="、".join(record))
        values = tuple(value for value in record.values() if value is not None)
        return Question("record", asked, json.dumps(record, ensure_ascii=False), values, EXTRACT.name)

    def vague(self, scene: Scene) -> Question | None:
        rng = scene.rng
        if len(self.charts) > 1 or not self.charts[0].title:
            return None
        chart = self.charts[0]
        data, numbers = chart.data, list(chart.data.values[0])
        answer = f"这是{KINDS[chart.form]}，标题是“{chart.title}”。"
        best = numbers.index(max(numbers))
        if len(data.series) == 1 and plain(chart, numbers, best):
            answer = answer[:-1] + f"，最高的是{data.categories[best]}。"
        return Question("vague", worded(rng, phrases.VAGUE), answer, (chart.title,))

    def box(self, scene: Scene) -> Question | None:
        """Where a bar, a pie or a whole chart is."""
        rng, page = scene.rng, scene.page
        labels = Counter(element.label for element in page.elements if element.kind == "bar")
        bars = [e for e in page.elements if e.kind == "bar" and labels[e.label] == 1 and e.box[3] - e.box[1] > 6]
        charts = [e for e in page.elements if e.kind == "chart" and any(c.title == e.label for c in self.charts)]
        if bars and rng.random() < 0.65:
            thing, forms = rng.choice(bars), phrases.BOX
        elif charts:
            thing, forms = rng.choice(charts), phrases.BOX_CHART
        else:
            return None
        boxes = [{"bbox_2d": scene.relative(thing.box), "label": thing.label}]
        return Question(
            "box", worded(rng, forms, x=thing.label), json.dumps(boxes, ensure_ascii=False), task=LOCATE.name
        )

    def typed(self, scene: Scene) -> Question | None:
        """The task's own instruction, answered with its result."""
        if len(self.charts) > 1 or not self.charts[0].whole:
            return None
        chart = self.charts[0]
        data = chart.data
        if len(data.series) * len(data.categories) > _MOST_CELLS:
            return None
        names = data.series if len(data.series) > 1 or (chart.legend and chart.form != "pie") else ("数值",)
        rows = [[name, *(data.write(row[i]) for row in data.values)] for i, name in enumerate(data.categories)]
        result = ChartResult(
            kind=KINDS[chart.form],
            title=chart.title or None,
            unit=chart.unit or ("%" if data.percent else None),
            header=["项目", *names],
            rows=rows,
            conclusion=_conclusion(chart),
        )
        values = tuple(cell for row in rows for cell in row)
        return Question("task", CHART.instruct(), written(result), values, CHART.name)


def _conclusion(chart: Shown) -> str:
    """What is largest, where one is; else what is largest in the first category."""
    data = chart.data
    numbers = list(data.values[0]) if len(data.series) == 1 else [data.total(i) for i in range(len(data.categories))]
    best = numbers.index(max(numbers))
    if numbers.count(numbers[best]) > 1:
        return f"最高的有{numbers.count(numbers[best])}项。"
    if len(data.series) > 1:
        return f"{data.categories[best]}合计最高，为{data.write(numbers[best])}。"
    return f"{data.categories[best]}最高，为{data.write(numbers[best])}。"
