"""What charts are asked for: values only where the page gives them exactly, who is largest only where it is plain."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.families.chart import phrases
from kantu.synth.families.chart.frame import APART, Shown, plain
from kantu.synth.families.chart.summaries import summaries
from kantu.synth.page import Question
from kantu.synth.words import vocabulary
from kantu.synth.words.phrases import quoted
from kantu.synth.words.wording import told, worded

_PLACES = {2: ("第一个", "第二个"), 3: ("第一个", "第二个", "第三个")}


@dataclass(frozen=True)
class _Name:
    """Words for a value: its category, and its series where there are several."""

    x: str
    s: str


class ChartQuestions:
    """Makes the questions about the charts of one page."""

    def __init__(self, charts: tuple[Shown, ...]) -> None:
        self.charts = charts

    def first(self, rng: random.Random) -> list[Asker]:
        """What every page is asked before all else."""
        return rng.sample([self.title, self.value, self.extreme], 2)

    def all(self) -> Weighted:
        """A chart's own questions and the generic ones that suit it."""
        return (
            (self.title, 1.0), (self.value, 3.4), (self.extreme, 3.0), (self.extreme_value, 1.0), (self.compare, 1.6),
            (self.more_than, 0.8), (self.sum, 0.9), (self.difference, 0.9), (self.count, 1.2), (self.count_above, 0.6),
            (self.unit, 0.6), (self.trend, 0.7), (self.absent, 1.0), (self.unread, 0.3),
            (self.field, 0.6), (fields.marked, 0.3), (fields.unanswerable, 0.3), (places.at_box, 1.2),
            (places.where, 1.2), (texts.present, 0.4), (texts.edge_row, 0.2), (texts.transcribe_card, 0.4),
            (texts.transcribe_page, 0.6), *summaries(self.charts),
        )  # fmt: skip

    def _some(self, scene: Scene) -> tuple[Shown, str]:
        """A chart, and words that say which is meant where there are several."""
        chart = scene.rng.choice(self.charts)
        if len(self.charts) > 1:
            return chart, told(scene.rng, phrases.IN, t=chart.title)
        return chart, ""

    def title(self, scene: Scene) -> Question | None:
        rng = scene.rng
        chart = rng.choice(self.charts)
        if not chart.title:
            return None
        if len(self.charts) == 1:
            asked = worded(rng, phrases.TITLE)
        elif len(self.charts) in _PLACES:
            asked = worded(rng, phrases.TITLE_OF, p=_PLACES[len(self.charts)][self.charts.index(chart)])
        else:
            return None
        return Question("title", asked, told(rng, phrases.NAME_ANSWERS, v=chart.title), (chart.title,))

    def _name(self, chart: Shown, rng: random.Random, cell: tuple[int, int]) -> _Name:
        data = chart.data
        series = data.series[cell[0]] if len(data.series) > 1 else ""
        return _Name(quoted(rng, data.categories[cell[1]], bare=0.75), series)

    def _unit(self, chart: Shown, rng: random.Random) -> str:
        shown = chart.unit and not chart.data.percent and rng.random() < 0.7
        return chart.unit if shown else ""

    def value(self, scene: Scene) -> Question | None:
        """A value that is printed, or that lies on a gridline."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        if not chart.readable:
            return None
        data, cell = chart.data, rng.choice(sorted(chart.readable))
        name = self._name(chart, rng, cell)
        forms = phrases.VALUE_OF_TWO if name.s else phrases.SHARE if data.parts else phrases.VALUE
        asked = worded(rng, forms, in_=in_, x=name.x, s=name.s, m=data.measure)
        shown = data.write(data.values[cell[0]][cell[1]])
        answer = told(
            rng,
            phrases.VALUE_ANSWERS,
            v=shown,
            u=self._unit(chart, rng),
            x=data.categories[cell[1]] + (f"的{name.s}" if name.s else ""),
        )
        return Question("value", asked, answer, (shown,))

    def extreme(self, scene: Scene) -> Question | None:
        """Which is largest or smallest."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        data = chart.data
        high = rng.random() < 0.6
        word = rng.choice(("高", "大", "多") if high else ("低", "小", "少"))
        best = max if high else min
        if len(data.series) == 1:
            numbers, names = list(data.values[0]), data.categories
            pie = (phrases.LARGEST_SLICE, phrases.SMALLEST_SLICE)
            asked_as = pie[not high] if chart.form == "pie" else (phrases.HIGHEST, phrases.LOWEST)[not high]
            asked = worded(rng, asked_as, in_=in_, m=data.measure)
            cell = (0, numbers.index(best(numbers)))
        elif chart.form != "stacked" and rng.random() < 0.5:
            series = rng.randrange(len(data.series))
            numbers, names = list(data.values[series]), data.categories
            asked = worded(rng, phrases.EXTREME_ALONG, in_=in_, s=quoted(rng, data.series[series], bare=0.8), w=word)
            cell = (series, numbers.index(best(numbers)))
        else:
            category = rng.randrange(len(data.categories))
            numbers, names = [row[category] for row in data.values], data.series
            asked = worded(rng, phrases.EXTREME_IN, in_=in_, x=quoted(rng, data.categories[category], bare=0.8), w=word)
            cell = (numbers.index(best(numbers)), category)
        index = numbers.index(best(numbers))
        if not plain(chart, numbers, index):
            return None
        shown = data.write(numbers[index])
        told_too = cell in chart.readable and rng.random() < 0.2
        answers = phrases.EXTREME_WITH if told_too else phrases.EXTREME_ANSWERS
        answer = told(rng, answers, v=names[index], w=word, n=shown, u=self._unit(chart, rng))
        return Question("extreme", asked, answer, (names[index],))

    def extreme_value(self, scene: Scene) -> Question | None:
        """The largest or smallest number itself."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        data = chart.data
        if len(data.series) > 1 or len(chart.readable) < len(data.categories):
            return None
        high = rng.random() < 0.6
        number = (max if high else min)(data.values[0])
        if data.values[0].count(number) > 1:
            return None
        forms = phrases.EXTREME_VALUE if high else phrases.LOWEST_VALUE
        asked, shown = worded(rng, forms, in_=in_, m=data.measure), data.write(number)
        return Question(
            "extreme", asked, told(rng, phrases.VALUE_ANSWERS[:4], v=shown, u=self._unit(chart, rng)), (shown,)
        )

    def _two(self, scene: Scene) -> tuple[Shown, str, int, int, int] | None:
        """A chart, which, a series of it and two of its categories, the first one's value higher."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        if chart.form == "stacked":
            return None
        series = rng.randrange(len(chart.data.series))
        a, b = rng.sample(range(len(chart.data.categories)), 2)
        row = chart.data.values[series]
        if row[a] == row[b]:
            return None
        return (chart, in_, series, a, b) if row[a] > row[b] else (chart, in_, series, b, a)

    def _told_apart(self, chart: Shown, series: int, a: int, b: int) -> bool:
        row = chart.data.values[series]
        read = {(series, a), (series, b)} <= chart.readable
        least = 1 if read else APART * (sum(row) if chart.form == "pie" else chart.data.top)
        return row[a] - row[b] >= least

    def _of(self, chart: Shown, series: int, category: int) -> str:
        data = chart.data
        return data.categories[category] + (f"的{data.series[series]}" if len(data.series) > 1 else "")

    def compare(self, scene: Scene) -> Question | None:
        """Which of two is larger."""
        rng, found = scene.rng, self._two(scene)
        if found is None or not self._told_apart(found[0], *found[2:]):
            return None
        chart, in_, series, high, low = found
        more = rng.random() < 0.65
        word = rng.choice(("高", "大", "多") if more else ("低", "小", "少"))
        first, second = rng.sample((high, low), 2)
        asked = worded(
            rng, phrases.COMPARE, in_=in_, a=self._of(chart, series, first), b=self._of(chart, series, second), w=word
        )
        winner = chart.data.categories[high if more else low]
        return Question("compare", asked, told(rng, phrases.EXTREME_ANSWERS[:4], v=winner, w=word), (winner,))

    def more_than(self, scene: Scene) -> Question | None:
        """Whether one is larger than another."""
        rng, found = scene.rng, self._two(scene)
        if found is None or not self._told_apart(found[0], *found[2:]):
            return None
        chart, in_, series, high, low = found
        first, second = rng.sample((high, low), 2)
        asked = worded(
            rng,
            phrases.MORE_THAN,
            in_=in_,
            a=self._of(chart, series, first),
            b=self._of(chart, series, second),
            w=rng.choice(("高", "大", "多")),
        )
        answer, forbidden = ("是", ("不是",)) if first == high else ("不是", ())
        return Question("compare", asked, rng.choice((answer, answer + "。")), (answer,), forbidden=forbidden)

    def _small(self, found: tuple[Shown, str, int, int, int] | None) -> bool:
        """Whether both numbers can be read and are worked out in one step."""
        if found is None or found[0].data.decimals:
            return False
        chart, _, series, high, low = found
        return {(series, high), (series, low)} <= chart.readable and chart.data.values[series][high] < 1000

    def sum(self, scene: Scene) -> Question | None:
        """Two values together."""
        rng, found = scene.rng, self._two(scene)
        if found is None or not self._small(found):
            return None
        chart, in_, series, high, low = found
        first, second = rng.sample((high, low), 2)
        asked = worded(rng, phrases.SUM, in_=in_, a=self._of(chart, series, first), b=self._of(chart, series, second))
        row = chart.data.values[series]
        return self._worked(rng, chart, asked, row[first], "+", row[second], row[first] + row[second])

    def difference(self, scene: Scene) -> Question | None:
        """How much one is above another."""
        rng, found = scene.rng, self._two(scene)
        if found is None or not self._small(found):
            return None
        chart, in_, series, high, low = found
        asked = worded(
            rng,
            phrases.DIFFERENCE,
            in_=in_,
            a=self._of(chart, series, high),
            b=self._of(chart, series, low),
            w=rng.choice(("高", "大", "多")),
        )
        row = chart.data.values[series]
        return self._worked(rng, chart, asked, row[high], "-", row[low], row[high] - row[low])

    def _worked(self, rng: random.Random, chart: Shown, asked: str, a: int, sign: str, b: int, result: int) -> Question:
        data, unit = chart.data, self._unit(chart, rng)
        shown = data.write(result)
        step = f"{data.write(a)}{sign}{data.write(b)}={shown}"
        answer = rng.choice((f"{step}{unit}", f"{step}{unit}。", f"{step}，是{shown}{unit}。"))
        return Question("arithmetic", asked, answer, (shown,))

    def count(self, scene: Scene) -> Question | None:
        """How many categories, series, or charts."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        data, pie = chart.data, chart.form == "pie"
        form = rng.random()
        if len(self.charts) > 1 and form < 0.3:
            asked, number = worded(rng, phrases.COUNT_CHARTS), len(self.charts)
        elif len(data.series) > 1 and form < 0.6:
            asked, number = worded(rng, phrases.COUNT_SERIES, in_=in_), len(data.series)
        else:
            noun = rng.choice(("类别", "部分", "扇形", "项目") if pie else ("类别", "项目", "分类"))
            if len(data.series) == 1 and chart.form in ("bars", "lying"):
                noun = rng.choice(("柱子", "柱形", "条", noun))
            if chart.form == "line":
                noun = rng.choice(("数据点", "横坐标", "点")) if len(data.series) == 1 else "横坐标"
            asked, number = worded(rng, phrases.COUNT_CATEGORIES, in_=in_, n=noun), len(data.categories)
        return Question("count", asked, told(rng, phrases.COUNT_ANSWERS, v=str(number)), (str(number),))

    def count_above(self, scene: Scene) -> Question | None:
        """How many lie above a value that none of them has."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        data = chart.data
        if len(data.series) > 1 or chart.form == "pie" or len(data.categories) > 8:
            return None
        bound = data.step * rng.randint(1, max(data.top // data.step - 1, 1))
        apart = 1 if chart.whole else APART * data.top
        above = sum(number > bound for number in data.values[0])
        if not above or any(abs(number - bound) < apart for number in data.values[0]):
            return None
        asked = worded(
            rng,
            phrases.COUNT_ABOVE,
            in_=in_,
            m=data.measure,
            v=data.tick(bound) + (chart.unit if not data.percent else ""),
        )
        return Question("count", asked, told(rng, phrases.COUNT_ANSWERS, v=str(above)), (str(above),))

    def unit(self, scene: Scene) -> Question | None:
        rng = scene.rng
        chart, in_ = self._some(scene)
        if not chart.unit:
            return None
        asked = worded(rng, phrases.UNIT, in_=in_, m=chart.data.measure)
        return Question("field", asked, told(rng, phrases.NAME_ANSWERS, v=chart.unit), (chart.unit,))

    def trend(self, scene: Scene) -> Question | None:
        """Up or down from one category to a later one."""
        rng, found = scene.rng, self._two(scene)
        if found is None or not found[0].data.ordered or not self._told_apart(found[0], *found[2:]):
            return None
        chart, in_, series, high, low = found
        first, last = sorted((high, low))
        of = f"{chart.data.series[series]}" if len(chart.data.series) > 1 else ""
        asked = worded(rng, phrases.TREND, in_=in_ + of, a=chart.data.categories[first], b=chart.data.categories[last])
        answer = "上升" if last == high else "下降"
        return Question("choice", asked, rng.choice((answer, f"{answer}。", f"{answer}了。")), (answer,))

    def field(self, scene: Scene) -> Question | None:
        """A labelled number beside the charts."""
        asked = fields.value(scene)
        return replace(asked, kind="field") if asked else None

    def absent(self, scene: Scene) -> Question | None:
        """A category that is not there, mostly of the same sort."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        name = chart.data.categories[0]
        digits = [index for index, character in enumerate(name) if character.isdigit()]
        if digits and rng.random() < 0.7:
            index = rng.choice(digits)
            name = name[:index] + vocabulary.digits(rng, 1) + name[index + 1 :]
            if name.startswith("0月") or name.lstrip("0") != name:
                return None
        else:
            name = vocabulary.word(rng)
        if scene.shown(name):
            return None
        asked = worded(rng, phrases.ABSENT, in_=in_, x=name, m=chart.data.measure)
        return Question("unanswerable", asked, told(rng, phrases.ABSENT_ANSWERS, x=name), absent=True)

    def unread(self, scene: Scene) -> Question | None:
        """A value that is drawn but printed nowhere: nobody can tell it exactly."""
        rng = scene.rng
        chart, in_ = self._some(scene)
        if chart.labels or chart.readable or chart.form not in ("pie", "stacked"):
            return None
        name = rng.choice(chart.data.categories)
        if len(chart.data.series) > 1:
            name += f"的{rng.choice(chart.data.series)}"
        asked = in_ + name + rng.choice(("的准确数值是多少？", "具体是多少？", "精确到个位是多少", "的具体数值"))
        return Question("unanswerable", asked, told(rng, phrases.UNREAD_ANSWERS, x=name), absent=True)
