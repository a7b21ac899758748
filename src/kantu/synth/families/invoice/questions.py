"""What papers about money are asked: values by label and meaning, sums they state, what was sold, stamps."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from kantu.synth.ask import fields, named, places, texts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Pair, Table
from kantu.synth.families.invoice import phrases
from kantu.synth.families.invoice.phrases import ALIKE, MEANINGS
from kantu.synth.families.invoice.record import Paper
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import LOCATE, READ

_MOST_READ = 140  # characters of a page that is read out whole
_SAID = ("{v}", "{v}", "{v}。", "是{v}。", "图上写着{v}。")


def _absent(shown: frozenset[str]) -> dict[str, named.Meaning]:
    """What may be asked for as missing: nothing that a word for what is shown could mean."""
    near = set(shown).union(*(group for group in ALIKE if group & shown))
    return {name: meaning for name, meaning in MEANINGS.items() if name not in near}


class InvoiceQuestions:
    """Makes the questions about one paper; `shown` are the names of the values drawn on it.

    `stamped` says whether it has a stamp, `legible` whether all of that can be read.
    """

    def __init__(self, paper: Paper, shown: frozenset[str], *, stamped: bool, legible: bool) -> None:
        self.paper = paper
        self.stamped, self.legible = stamped, legible
        self.missing = _absent(shown)

    def first(self, rng: random.Random) -> list[Asker]:
        """What every paper is asked before all else."""
        field, record = named.field(MEANINGS), named.record(MEANINGS, tuple(self.missing))
        return [field, field, *([record] if rng.random() < 0.35 else [])]

    def all(self) -> Weighted:
        """A paper's own questions and the generic ones that suit it."""
        return (
            (named.field(MEANINGS), 9.0), (self.by_label, 3.0), (named.box(MEANINGS), 2.0), (self.value_box, 0.8),
            (named.record(MEANINGS, tuple(self.missing)), 1.4), (named.missing(self.missing), 2.0),
            (self.arithmetic, 1.3), (self.cell, 2.0), (self.items, 0.9), (self.item_names, 0.5), (self.compare, 1.0),
            (self.title, 1.0), (self.choice, 1.4), (self.choice_value, 0.8), (self.stamp, 0.8),
            (self.stamped_at_all, 0.4),
            (fields.label_of, 0.5), (fields.spell, 0.5), (places.at_box, 1.2), (places.where, 0.8),
            (texts.transcribe_line, 0.6), (texts.transcribe_page, 0.6), (texts.present, 0.5),
            (fields.unanswerable, 0.3), (self.read, 0.3),
        )  # fmt: skip

    def by_label(self, scene: Scene) -> Question | None:
        """A value by the label that is printed for it."""
        asked = fields.value(scene)
        return replace(asked, kind="field") if asked else None

    def value_box(self, scene: Scene) -> Question | None:
        """Where a label stands, or a value, by the task's instruction."""
        lines = [line for line in scene.page.lines if line.role in ("label", "value") and scene.unique(line.text)]
        if not lines:
            return None
        line = scene.rng.choice(lines)
        target = line.text.rstrip("：: ")
        if not target:
            return None
        answer = json.dumps([{"bbox_2d": scene.relative(line.box), "label": line.text}], ensure_ascii=False)
        return Question("task", LOCATE.instruct(target=target), answer, task=LOCATE.name)

    def read(self, scene: Scene) -> Question | None:
        """The whole page by the task's instruction."""
        made = texts.transcribe_page(scene)
        if made is None or len(made.answer) > _MOST_READ:
            return None
        return replace(made, kind="task", question=READ.instruct())

    def _number(self, scene: Scene, *names: str) -> list[str] | None:
        """The sums of these names as printed without sign, where all of them are shown."""
        shown = named.known(scene, MEANINGS)
        if not all(name in shown and name in self.paper.numbers for name in names):
            return None
        return [shown[name].value.strip("¥￥元 ") for name in names]

    def arithmetic(self, scene: Scene) -> Question | None:
        """What the paper itself adds up or takes off: the result is printed."""
        rng = scene.rng
        made: list[Question] = []
        for (a, b), forms in phrases.ADD.items():
            found = self._number(scene, a, b, "total")
            if found:
                made.append(self._worked(rng, forms, f"{found[0]}+{found[1]}={found[2]}", found[2]))
        for (a, b, c), forms in phrases.SUBTRACT.items():
            found = self._number(scene, a, b, c)
            if found:
                made.append(self._worked(rng, forms, f"{found[0]}-{found[1]}={found[2]}", found[2]))
        return rng.choice(made) if made else None

    def _worked(self, rng: random.Random, forms: tuple[str, ...], step: str, result: str) -> Question:
        return Question("arithmetic", worded(rng, forms), rng.choice((step, f"{result}。", f"{step}。")), (result,))

    def _table(self, scene: Scene) -> Table | None:
        tables = scene.facts(Table)
        return tables[0] if tables else None

    def cell(self, scene: Scene) -> Question | None:
        """A cell of what was sold, by the whole name of the row or its part after the category."""
        rng, table = scene.rng, self._table(scene)
        if table is None:
            return None
        index = rng.randrange(len(table.rows))
        line = table.rows[index]
        column = rng.randrange(1, len(table.header))
        name = line[0].rsplit("*", 1)[-1] if rng.random() < 0.6 else line[0]
        if sum(name in other[0] for other in table.rows) > 1 or line[column] == "***":
            return None
        asked = worded(rng, phrases.CELL, x=say.quoted(rng, name, bare=0.6), c=table.header[column])
        return Question("cell", asked, told(rng, _SAID, v=line[column]), (line[column],))

    def items(self, scene: Scene) -> Question | None:
        """How many lines of goods."""
        rng, table = scene.rng, self._table(scene)
        if table is None:
            return None
        number = str(len(table.rows))
        answer = told(rng, ("{v}[项|样|种]。", "{v}", "一共{v}[项|样]。", "有{v}[项|种]。"), v=number)
        return Question("count", worded(rng, phrases.ITEMS), answer, (number,))

    def item_names(self, scene: Scene) -> Question | None:
        """What was sold."""
        rng, table = scene.rng, self._table(scene)
        if table is None or len(table.rows) > 4:
            return None
        names = [line[0] for line in table.rows]
        return Question(
            "field", worded(rng, phrases.ITEM_NAMES), "、".join(names) + rng.choice(("", "。")), tuple(names)
        )

    def _numeric(self, table: Table) -> list[tuple[int, list[float]]]:
        found = []
        for column in range(1, len(table.header)):
            cells = [line[column].replace(",", "") for line in table.rows]
            if all(cell.replace(".", "", 1).isdigit() for cell in cells):
                found.append((column, [float(cell) for cell in cells]))
        return found

    def compare(self, scene: Scene) -> Question | None:
        """Which of what was sold has the highest number, or the higher of two."""
        rng, table = scene.rng, self._table(scene)
        if table is None or len(table.rows) < 2:
            return None
        columns = self._numeric(table)
        if not columns:
            return None
        column, numbers = rng.choice(columns)
        head = table.header[column]
        if len(table.rows) > 2 or rng.random() < 0.4:
            high = rng.random() < 0.6
            best = (max if high else min)(numbers)
            if numbers.count(best) > 1:
                return None
            name = table.rows[numbers.index(best)][0]
            word = rng.choice(("高", "大", "多") if high else ("低", "小", "少"))
            asked = worded(rng, phrases.DEAREST, c=head, w=word)
            return Question("compare", asked, told(rng, _SAID[:4], v=name), (name,))
        pairs = [(a, b) for a, b in combinations(range(len(numbers)), 2) if numbers[a] != numbers[b]]
        if not pairs:
            return None
        a, b = rng.choice(pairs)
        name = table.rows[a if numbers[a] > numbers[b] else b][0]
        offered = [table.rows[a][0], table.rows[b][0]]
        rng.shuffle(offered)
        asked = worded(rng, phrases.MORE, x=offered[0], y=offered[1], c=head)
        return Question("compare", asked, told(rng, _SAID[:4], v=name), (name,))

    def title(self, scene: Scene) -> Question | None:
        """What kind of paper it is, or whose slip, where that is printed."""
        rng, title = scene.rng, self.paper.title
        if not scene.shown(title):
            return None
        forms = phrases.SHOP if self.paper.kind == "slip" else phrases.TITLE
        return Question("field", worded(rng, forms), told(rng, _SAID, v=title), (title,))

    def choice(self, scene: Scene) -> Question | None:
        """What kind of paper it is, of two; the words need not be on it."""
        rng, kind = scene.rng, self.paper.noun
        if kind == "发票" and rng.random() < 0.5 and scene.shown(self.paper.title):
            right, wrong = ("专用发票", "普通发票") if "专用" in self.paper.title else ("普通发票", "专用发票")
        else:
            near = {"发票", "收据", kind}  # nobody need tell these apart from a paper that calls itself both
            right = kind
            wrong = rng.choice([other for other in phrases.OFFERED if other not in near])
            if kind in ("出租车票", "火车票") and wrong == "小票":
                return None
        return self._chosen(rng, right, wrong)

    def choice_value(self, scene: Scene) -> Question | None:
        """One of two values: the one that is there and one like it."""
        rng, pairs = scene.rng, named.known(scene, MEANINGS)
        fit = {"payment": "现金 微信支付 支付宝 银行卡 转账",
        "seat_class": "二等座 一等座 商务座 硬座 软卧 硬卧 无座",
               "room_type": "标准间 大床房 家庭房 商务套房 双床房"}  # fmt: skip
        able = [name for name in fit if name in pairs]
        if not able:
            return None
        name = rng.choice(able)
        right = pairs[name].value
        wrong = rng.choice([word for word in fit[name].split() if word not in right and right not in word])
        return self._chosen(rng, right, wrong)

    def _chosen(self, rng: random.Random, right: str, wrong: str) -> Question:
        offered = [right, wrong]
        rng.shuffle(offered)
        asked = worded(rng, phrases.CHOICE, a=offered[0], b=offered[1])
        return Question("choice", asked, told(rng, ("{v}。", "{v}", "是{v}。"), v=right), (right,))

    def stamp(self, scene: Scene) -> Question | None:
        """Whose stamp it is, where it can be read."""
        if not self.legible:
            return None
        owner, what = self.paper.seal
        answer = told(scene.rng, ("{v}。", "{v}", "是{v}。"), v=f"{owner}{what}")
        return Question("field", worded(scene.rng, phrases.SEAL), answer, (owner, what))

    def stamped_at_all(self, scene: Scene) -> Question | None:
        """Whether there is a stamp."""
        rng = scene.rng
        if self.stamped:
            answer = rng.choice(("有，盖了红章。", "盖了，有红色印章。", "盖了章。"))
            return Question("choice", worded(rng, phrases.IS_STAMPED), answer, ("盖了",), forbidden=("没有",))
        answer = rng.choice(("没有盖章。", "没有，图里没有印章。", "没有看到印章。"))
        return Question("unanswerable", worded(rng, phrases.IS_STAMPED), answer, absent=True)


def names_of(facts: Sequence[object]) -> frozenset[str]:
    """The names of the labelled values among facts."""
    return frozenset(fact.name for fact in facts if isinstance(fact, Pair) and fact.name)
