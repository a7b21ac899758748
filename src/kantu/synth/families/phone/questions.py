"""What phone screens are asked: values by meaning and label, rows of lists, counts, the most, wordings to choose."""

from __future__ import annotations

import calendar
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kantu.synth.ask import fields, named, places, texts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Fact, Marked, Pair, Table
from kantu.synth.families.phone import phrases
from kantu.synth.families.phone.phrases import ALIKE, MEANINGS
from kantu.synth.families.phone.screens import Month, Rows, Screen, kinds, nouns, options
from kantu.synth.families.ui import states
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import READ

_ORDINALS = "一二三四五六七八九十"
_FRAME = frozenset(("clock", "battery"))  # what the phone itself shows over every screen
_NUMBER = re.compile(r"([^\d+-]*)([+-]?[\d,]+(?:\.\d+)?)(\D*)")
_MOST_READ, _LONGEST_NAME = 140, 26  # characters


@dataclass(frozen=True)
class Shown:
    """A list as far as it was drawn."""

    rows: Rows
    table: Table

    @property
    def names(self) -> list[str]:
        return [cells[0] for cells in self.table.rows]

    def column(self, index: int) -> list[str]:
        return [cells[index] for cells in self.table.rows]


def _lists(screen: Screen, facts: Iterable[Fact]) -> tuple[Shown, ...]:
    parts = {part.columns: part for part in screen.parts if isinstance(part, Rows)}
    return tuple(Shown(parts[fact.header], fact) for fact in facts if isinstance(fact, Table) and fact.header in parts)


def meanings(pairs: Iterable[Pair], lists: Iterable[Shown]) -> named.Meanings:
    """The words for each value that cannot mean another of the page's values."""
    counted = [pair for pair in pairs if pair.name not in _FRAME]
    columns = {column for shown in lists for column in shown.rows.columns}
    listed = {kind for shown in lists for kind in shown.rows.kinds}
    found: dict[str, named.Meaning] = {}
    for name, meaning in MEANINGS.items():
        crowded = bool(kinds()[name] & listed) or any(
            pair.kind in kinds()[name] for pair in counted if pair.name != name
        )
        usable = [
            tuple(word.rstrip("*") for word in words if not (crowded and word.endswith("*")))
            for words in (meaning.nouns, meaning.asked)
        ]
        kept = tuple(noun for noun in usable[0] if noun not in columns)
        if kept:
            found[name] = named.Meaning(kept, usable[1])
    return found


def _absent(known: named.Meanings, shown: frozenset[str], lists: Iterable[Shown]) -> named.Meanings:
    """What may be asked for as missing: nothing that a word for what is shown could mean."""
    near = set(shown).union(*(group for group in ALIKE if group & shown))
    columns = [column for shown_ in lists for column in shown_.rows.columns]
    return {
        name: meaning
        for name, meaning in known.items()
        if name not in near and not any(column in noun for column in columns for noun in meaning.nouns)
    }


def _numbers(cells: Iterable[str]) -> list[float] | None:
    """The numbers that all these cells are, with one unit; None where they are no such numbers."""
    found = [_NUMBER.fullmatch(cell) for cell in cells]
    if not all(found) or len({each[3] for each in found if each}) != 1:
        return None
    return [float(each[2].replace(",", "")) for each in found if each]


class PhoneQuestions:
    """Makes the questions about one screen, of which `facts` were drawn."""

    def __init__(self, screen: Screen, facts: Iterable[Fact]) -> None:
        facts = tuple(facts)
        pairs = [fact for fact in facts if isinstance(fact, Pair)]
        shown = frozenset(pair.name for pair in pairs if pair.name)
        self.screen = screen
        self.lists = _lists(screen, facts)
        self.meanings = meanings(pairs, self.lists)
        self.missing = _absent(self.meanings, shown, self.lists)
        self.own = {name: each for name, each in self.meanings.items() if name not in _FRAME}
        self.frame = {name: each for name, each in self.meanings.items() if name in _FRAME}
        self.expected = {name: each for name, each in self.missing.items() if name in screen.names}

    def first(self, rng: random.Random) -> list[Asker]:
        """What every screen is asked before all else."""
        own: list[Asker] = [self.cell, self.count, self.compare] if self.lists else [self.by_label]
        missing = named.missing(self.expected if rng.random() < 0.6 else self.missing)
        known = self.own if rng.random() < 0.8 else self.meanings
        record = named.record(known, tuple(self.expected))
        return [
            *(named.field(self.own), rng.choice(own)),
            *([missing] if rng.random() < 0.6 else []),
            *([record] if rng.random() < 0.3 else []),
        ]

    def all(self) -> Weighted:
        """A screen's own questions and the generic ones that suit it."""
        return (
            (named.field(self.own), 8.0), (named.field(self.frame), 0.8), (self.by_label, 3.0),
            (self.cell, 4.0), (self.whose, 1.2),
            (self.nth, 1.6), (self.newest, 1.5), (self.count, 1.2), (self.count_of, 1.0), (self.names, 0.6),
            (self.compare, 1.6), (self.choice, 1.6), (self.choice_of_page, 0.5), (self.weekday, 1.6),
            (self.used, 2.0), (self.vague, 0.5), (self.title, 0.6),
            (named.box(self.own), 2.2), (named.box(self.frame), 0.3), (places.where, 1.0), (places.at_box, 1.0),
            (named.record(self.own, tuple(self.expected)), 1.4), (named.missing(self.expected), 1.4),
            (named.missing(self.missing), 0.8), (fields.unanswerable, 0.3),
            (states.is_on, 1.2), (states.which_on, 0.8), (states.choice, 0.5), (states.which_tab, 0.4),
            (fields.label_of, 0.5), (fields.spell, 0.4), (texts.transcribe_line, 0.7), (texts.transcribe_card, 0.5),
            (texts.transcribe_page, 0.6), (texts.present, 0.4), (self.read, 0.3),
        )  # fmt: skip

    def by_label(self, scene: Scene) -> Question | None:
        """A value by the label that is printed for it."""
        asked = fields.value(scene)
        return replace(asked, kind="field") if asked else None

    def read(self, scene: Scene) -> Question | None:
        """The whole page by the task's instruction."""
        made = texts.transcribe_page(scene)
        if made is None or len(made.answer) > _MOST_READ:
            return None
        return replace(made, kind="task", question=READ.instruct())

    def _some(self, scene: Scene, *forms: str) -> Shown | None:
        able = [shown for shown in self.lists if not forms or shown.rows.form in forms]
        return scene.rng.choice(able) if able else None

    def _alone(self, scene: Scene, name: str) -> bool:
        """Whether the name of a row points at that row and nothing else."""
        return len(name) <= _LONGEST_NAME and scene.unique(name)

    def _field(self, question: str, answer: str, *values: str) -> Question:
        return Question("field", question, re.sub(r"([。？！])。$", r"\1", answer), values)

    def cell(self, scene: Scene) -> Question | None:
        """What a row of a list says."""
        rng, shown = scene.rng, self._some(scene)
        if shown is None:
            return None
        cells = rng.choice(shown.table.rows)
        index = rng.randrange(1, len(cells))
        column, kind = shown.rows.columns[index], shown.rows.kinds[index]
        if not self._alone(scene, cells[0]):
            return None
        forms: tuple[str, ...] = phrases.CELL
        if kind in phrases.CELL_BY and shown.rows.kinds.count(kind) == 1 and rng.random() < 0.4:
            forms = phrases.CELL_BY[kind]
        asked = worded(rng, forms, x=say.quoted(rng, cells[0], bare=0.5), c=column, m=shown.rows.measure)
        return self._field(asked, told(rng, phrases.SAID, v=cells[index], x=cells[0], c=column), cells[index])

    def whose(self, scene: Scene) -> Question | None:
        """Which row says this."""
        rng, shown = scene.rng, self._some(scene)
        if shown is None:
            return None
        cells = rng.choice(shown.table.rows)
        index = rng.randrange(1, len(cells))
        if not self._alone(scene, cells[index]) or len(cells[index]) < 2:
            return None
        value = say.quoted(rng, cells[index], bare=0.5)
        asked = worded(rng, phrases.WHOSE, c=shown.rows.columns[index], v=value, m=shown.rows.measure)
        return self._field(asked, told(rng, phrases.TOLD, v=cells[0]), cells[0])

    def nth(self, scene: Scene) -> Question | None:
        """What the third row is; the first; the last."""
        rng, shown = scene.rng, self._some(scene, "list", "feed")
        if shown is None or len([each for each in self.lists if each.rows.form != "strip"]) > 1:
            return None
        names, measure = shown.names, shown.rows.measure
        form, index = rng.random(), rng.randrange(len(names))
        if form < 0.2:
            asked, name = worded(rng, phrases.LAST, m=measure), names[-1]
        elif form < 0.35:
            asked, name = worded(rng, phrases.FIRST, m=measure), names[0]
        elif index < len(_ORDINALS):
            number = _ORDINALS[index] if rng.random() < 0.8 else str(index + 1)
            asked, name = worded(rng, phrases.NTH, n=number, m=measure), names[index]
        else:
            return None
        return self._field(asked, told(rng, phrases.TOLD, v=name), name)

    def newest(self, scene: Scene) -> Question | None:
        """Where the parcel is by now, or since when."""
        rng, shown = scene.rng, self._some(scene, "steps")
        if shown is None:
            return None
        said, time = shown.table.rows[0]
        if rng.random() < 0.35:
            return self._field(worded(rng, phrases.NEWEST_TIME), told(rng, phrases.TOLD, v=time), time)
        return self._field(worded(rng, phrases.NEWEST), told(rng, phrases.TOLD, v=said), said)

    def count(self, scene: Scene) -> Question | None:
        """How many rows there are."""
        rng, shown = scene.rng, self._some(scene, "list", "feed", "steps")
        if shown is None or sum(each.rows.measure == shown.rows.measure for each in self.lists) > 1:
            return None
        number, measure = str(len(shown.table.rows)), shown.rows.measure
        asked = worded(rng, phrases.COUNT, m=measure, h=shown.rows.noun)
        return Question("count", asked, told(rng, phrases.COUNTED, n=number, m=measure), (number,))

    def count_of(self, scene: Scene) -> Question | None:
        """How many rows say one of a few words."""
        rng, shown = scene.rng, self._some(scene, "list")
        if shown is None or "choice" not in shown.rows.kinds:
            return None
        index = shown.rows.kinds.index("choice")
        cells = shown.column(index)
        word = rng.choice(cells)
        if any(word != other and word in other for other in cells):
            return None
        number, measure = str(cells.count(word)), shown.rows.measure
        value, column = say.quoted(rng, word, bare=0.6), shown.rows.columns[index]
        asked = worded(rng, phrases.COUNT_OF, c=column, v=value, m=measure)
        return Question("count", asked, told(rng, phrases.COUNTED, n=number, m=measure), (number,))

    def names(self, scene: Scene) -> Question | None:
        """All rows by their names."""
        rng, shown = scene.rng, self._some(scene, "list")
        if shown is None or len(shown.names) > 5 or sum(map(len, shown.names)) > 60:
            return None
        asked = worded(rng, phrases.NAMES, h=shown.rows.noun, m=shown.rows.measure)
        return self._field(asked, "、".join(shown.names) + rng.choice(("", "。")), *shown.names)

    def compare(self, scene: Scene) -> Question | None:
        """Which row has the most or the least, the earlier or later, or more than another."""
        rng, shown = scene.rng, self._some(scene)
        if shown is None or len(shown.table.rows) < 2:
            return None
        measured = [
            (index, found)
            for index in range(1, len(shown.rows.columns))
            if shown.rows.kinds[index] != "code" and (found := _measured(shown.column(index)))
        ]
        if not measured:
            return None
        index, (numbers, timed) = rng.choice(measured)
        column, high = shown.rows.columns[index], rng.random() < 0.6
        if len(numbers) == 2 or (not timed and rng.random() < 0.35):
            return self._more(scene, shown, index, numbers)
        best = (max if high else min)(numbers)
        if numbers.count(best) > 1:
            return None
        name, measure = shown.names[numbers.index(best)], shown.rows.measure
        signed = any(cell[0] in "+-" for cell in shown.column(index))
        if timed:
            asked = worded(rng, phrases.LATE if high else phrases.EARLY, m=measure)
        elif signed and column == "金额":
            if (best > 0) != high:
                return None
            asked = worded(rng, phrases.EARNED if high else phrases.SPENT, m=measure)
        else:
            word = phrases.HIGH_LOW.get(column, ("高", "低"))[not high]
            asked = worded(rng, phrases.MOST, c=column, w=word, m=measure)
        return Question("compare", asked, told(rng, phrases.TOLD, v=name), (name,))

    def _more(self, scene: Scene, shown: Shown, index: int, numbers: list[float]) -> Question | None:
        """Which of two rows has more."""
        rng = scene.rng
        a, b = rng.sample(range(len(numbers)), 2)
        column = shown.rows.columns[index]
        if numbers[a] == numbers[b] or min(numbers[a], numbers[b]) < 0 or shown.rows.kinds[index] == "time":
            return None
        names = shown.names
        if not (self._alone(scene, names[a]) and self._alone(scene, names[b])):
            return None
        high = rng.random() < 0.7
        word = phrases.HIGH_LOW.get(column, ("高", "低"))[not high]
        right, wrong = (a, b) if (numbers[a] > numbers[b]) == high else (b, a)
        x, y = (say.quoted(rng, names[each], bare=0.5) for each in (a, b))
        asked = worded(rng, phrases.MORE, x=x, y=y, c=column, w=word, m=shown.rows.measure)
        forbidden = () if names[wrong] in names[right] else (names[wrong],)
        return Question("compare", asked, told(rng, phrases.TOLD, v=names[right]), (names[right],), forbidden=forbidden)

    def choice(self, scene: Scene) -> Question | None:
        """One of two or three wordings for a value; the others may stand nowhere."""
        rng = scene.rng
        able = [(name, pair.value) for name, pair in named.known(scene, self.meanings).items() if name in options()]
        if not able:
            return None
        name, right = rng.choice(able)
        words = [word for each in options()[name] if right in each for word in each]
        others = sorted({word for word in words if word not in right and right not in word})
        if len(others) < 2:
            return None
        wrong = rng.sample(others, rng.choice((1, 1, 1, 2)))
        offered = [right, *wrong]
        rng.shuffle(offered)
        forms = phrases.WHICH if len(offered) == 2 else phrases.WHICH_OF_THREE
        asked = worded(rng, forms, **dict(zip("abd", offered, strict=False)))
        return Question("choice", asked, told(rng, phrases.TOLD, v=right), (right,), forbidden=tuple(wrong))

    def choice_of_page(self, scene: Scene) -> Question | None:
        """What kind of screen it is."""
        rng, right = scene.rng, self.screen.noun
        wrong = rng.choice([noun for noun in nouns() if not set(noun) & set(right)])
        offered = [right, wrong]
        rng.shuffle(offered)
        asked = worded(rng, phrases.WHICH_PAGE, a=offered[0], b=offered[1])
        return Question("choice", asked, told(rng, phrases.TOLD, v=right), (right,), forbidden=(wrong,))

    def weekday(self, scene: Scene) -> Question | None:
        """Which day of the week a day of the shown month is."""
        months = [part for part in self.screen.parts if isinstance(part, Month)]
        if not months or not any(pair.name == "chosen" for pair in scene.facts(Pair)):
            return None
        rng, month = scene.rng, months[0]
        form = rng.choice(phrases.WEEKDAY)
        day = rng.randint(1, 28) if "{d}" in form else month.chosen
        name = _ORDINALS[:6][weekday] if (weekday := calendar.weekday(month.year, month.month, day)) < 6 else "日"
        return self._field(worded(rng, (form,), d=str(day)), told(rng, phrases.WEEKDAYS, v=name), name)

    def used(self, scene: Scene) -> Question | None:
        """What the difference of two readings is: the page states it."""
        shown = {pair.name: pair.value for pair in scene.facts(Pair)}
        if not {"last", "now", "usage"} <= shown.keys():
            return None
        rng, result = scene.rng, shown["usage"]
        number = result.rstrip("度")
        answer = rng.choice((result, f"{shown['now']}-{shown['last']}={number}", f"{number}度。"))
        return Question("arithmetic", worded(rng, phrases.USED), answer, (number,))

    def title(self, scene: Scene) -> Question | None:
        """What the screen calls itself."""
        titles = [fact.text for fact in scene.facts(Marked) if fact.what == "title"]
        made = fields.marked(scene) if len(titles) == 1 else None
        return made if made and made.kind == "title" else None

    def vague(self, scene: Scene) -> Question | None:
        """A question that says nothing: the answer says what screen it is and what matters on it."""
        rng = scene.rng
        titles = [fact.text for fact in scene.facts(Marked) if fact.what == "title"]
        pairs = named.known(scene, self.meanings)
        if titles:
            said, values = told(rng, phrases.VAGUE_TITLED, t=titles[0]), [titles[0]]
        else:
            said, values = told(rng, phrases.VAGUE_UNTITLED, n=self.screen.noun), [self.screen.noun]
        main = [(name, pair) for name, pair in pairs.items() if name not in _FRAME and len(pair.value) <= 20][:2]
        if main and not titles:
            values = [main[0][1].value]
        for name, pair in main:
            if pair.value not in said:
                said += f"，{self.meanings[name].nouns[0]}{rng.choice(('是', '为', ''))}{pair.value}"
        if not main and self.lists:
            shown = self.lists[0]
            said += f"，有{len(shown.table.rows)}{shown.rows.measure}{shown.rows.noun}"
        return Question("vague", worded(rng, phrases.VAGUE), said + "。", tuple(values))


def _measured(cells: list[str]) -> tuple[list[float], bool] | None:
    """The cells as numbers that can be compared, and whether they are times of a day."""
    if all(re.fullmatch(r"\d\d:\d\d", cell) for cell in cells):
        return [int(cell[:2]) * 60 + int(cell[3:]) for cell in cells], True
    numbers = _numbers(cells)
    return (numbers, False) if numbers else None
