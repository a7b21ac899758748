"""What a notice says: sentences that state its values, with or without something in it that breaks rules."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources

from kantu.synth.words import lexicon, moderation, vocabulary
from kantu.synth.words.grammar import expand
from kantu.synth.words.lexicon import sections
from kantu.synth.words.moderation import CATEGORIES, UNCLEAR, Passage

_KINDS = sections(resources.files("kantu.synth.families.notice").joinpath("notices.txt").read_text("utf-8"))
_SLOT = re.compile(r"<([a-z]+)>")
_JOBS = (
    *("收银员", "服务员", "保安", "司机", "厨师", "导购", "会计", "快递员", "保洁", "仓管", "文员", "美工",
        "教师", "焊工"),
    *("店长", "理货员", "客服", "装修工", "护工", "幼师", "电工", "前台", "配菜工", "质检员"),
)  # fmt: skip
_LESSONS = ("语文", "数学", "英语", "科学", "物理", "化学", "历史", "地理", "生物", "道法", "音乐", "美术", "信息")
_BAD, _UNCLEAR, _NEIGHBOUR = 0.4, 0.06, 0.3  # shares of notices with such a passage


@dataclass(frozen=True)
class Sentence:
    """A sentence and the values it states, by name; `others` are kinds of values in it that nobody is asked for."""

    text: str
    values: Mapping[str, str]
    others: frozenset[str] = frozenset()
    passage: Passage | None = None


@dataclass(frozen=True)
class Notice:
    """A notice of a kind; `days` is from `day` to `deadline`, both counted."""

    kind: str
    title: Sentence
    address: str
    sentences: tuple[Sentence, ...]
    sender: str
    issued: str
    days: int


def _dates(rng: random.Random) -> tuple[str, str, str, int]:
    """A first and a last day, the day of issue, in one form, and how many days it is from first to last."""
    first = date(rng.randint(2019, 2031), 1, 1) + timedelta(rng.randrange(365))
    span = rng.choice((rng.randint(1, 6), rng.randint(2, 20), rng.randint(7, 40)))
    last, issued = first + timedelta(span), first - timedelta(rng.randint(1, 12))
    form = rng.choice(
        ("{m}月{d}日", "{m}月{d}日", "{m}月{d}日", "{y}年{m}月{d}日", "{m}月{d}号", "{y}-{m:02d}-{d:02d}", "{m}.{d}")
    )
    week = "一二三四五六日"
    spell = [form.format(y=day.year, m=day.month, d=day.day) for day in (first, last)]
    if rng.random() < 0.25:
        spell = [
            text + rng.choice(("（周{}）", "（星期{}）", "周{}")).format(week[day.weekday()])
            for text, day in zip(spell, (first, last), strict=True)
        ]
    long = rng.choice(("{y}年{m}月{d}日", "{y}年{m}月{d}日", "{y}-{m:02d}-{d:02d}", "{y}.{m}.{d}", "{y}/{m}/{d}"))
    return spell[0], spell[1], long.format(y=issued.year, m=issued.month, d=issued.day), span + 1


def _clocks(rng: random.Random) -> tuple[str, str]:
    early, late = sorted(rng.sample(range(13, 46), 2))  # in half hours
    form = rng.choice(("{h}:{m:02d}", "{h}:{m:02d}", "{h:02d}:{m:02d}", "{h}点{half}"))

    def clock(half_hours: int) -> str:
        hour, minute = half_hours // 2, 30 * (half_hours % 2)
        return form.format(h=hour, m=minute, half="半" if minute else "")

    return clock(early), clock(late)


def _fee(rng: random.Random) -> str:
    return rng.choice((str(rng.randint(5, 99)), str(rng.randint(10, 999) * 10), vocabulary.amount(rng)))


def _class(rng: random.Random) -> str:
    if rng.random() < 0.6:
        return f"{rng.choice('一二三四五六七八九')}年级{rng.randint(1, 16)}班"
    return f"{rng.randint(1, 9)}({rng.randint(1, 20)})班"


def _nick(rng: random.Random) -> str:
    return vocabulary.word(rng) if rng.random() < 0.6 else rng.choice(lexicon.SURNAMES) + vocabulary.random_han(rng, 2)


_MAKERS: Mapping[str, Callable[[random.Random], str]] = {
    "place": moderation.SLOTS["place"],
    "fee": _fee,
    "phone": lambda r: moderation.mobile(r) if r.random() < 0.6 else moderation.landline(r),
    "head": lambda r: r.choice(lexicon.SURNAMES) + r.choice((*lexicon.TITLES, vocabulary.random_han(r, 2))),
    "quantity": lambda r: str(r.choice((r.randint(1, 20), r.randint(5, 200), r.randint(100, 3000)))),
    "subject": lambda r: vocabulary.word(r) + r.choice(("", "", vocabulary.word(r))),
    "company": vocabulary.shop_name,
    "product": vocabulary.goods_name,
    "job": lambda r: r.choice(_JOBS) if r.random() < 0.6 else vocabulary.word(r) + r.choice(("员", "工", "师", "助理")),
    "lesson": lambda r: r.choice(_LESSONS),
    "page": lambda r: f"{r.randint(2, 99)}至{r.randint(100, 160)}",
    "teacher": lambda r: r.choice(lexicon.SURNAMES) + "老师",
    "class": _class,
    "code": vocabulary.code,
    "street": lambda r: vocabulary.word(r) + r.choice(("小区", "花园", "街道", "苑")),
    "nick": _nick,
    "number": lambda r: str(r.randint(10, 999)),
    "shop": vocabulary.shop_name,
}  # fmt: skip
"""Values of a notice, each the same wherever it stands."""

STATED = (
    *("day", "deadline", "start", "end", "place", "fee", "phone", "head", "quantity", "subject", "company"),
    *("product", "job", "lesson", "page", "teacher", "code", "days"),
)  # fmt: skip
"""Values that can be asked for where a sentence states them."""


def _always(text: str) -> Callable[[random.Random], str]:
    return lambda rng: text


class _Writer:
    """Writes the parts of one notice with one set of values."""

    def __init__(self, rng: random.Random, values: Mapping[str, str]) -> None:
        self.rng = rng
        self.values = values
        self._slots = {**moderation.SLOTS, **{name: _always(text) for name, text in values.items()}}

    def write(self, pattern: str) -> Sentence:
        chosen = expand(self.rng, pattern, {name: _always(f"<{name}>") for name in self._slots}).text
        names = _SLOT.findall(chosen)
        stated = {name: self.values[name] for name in names if name in STATED and names.count(name) == 1}
        return Sentence(expand(self.rng, chosen, self._slots).text, stated, frozenset(names) - set(stated))


def _passage(rng: random.Random) -> Passage | None:
    point = rng.random()
    if point < _BAD:
        return moderation.violating(rng, rng.choice(CATEGORIES))
    if point < _BAD + _UNCLEAR:
        return moderation.violating(rng, UNCLEAR)
    if point < _BAD + _UNCLEAR + _NEIGHBOUR:
        return moderation.harmless(rng, rng.choice(CATEGORIES))
    return None


def make_notice(rng: random.Random, most: int) -> Notice:
    """A notice of at most that many sentences."""
    kind = rng.choice(tuple(_KINDS))
    day, deadline, issued, days = _dates(rng)
    start, end = _clocks(rng)
    values = {name: make(rng) for name, make in _MAKERS.items()}
    values |= {"day": day, "deadline": deadline, "start": start, "end": end, "days": str(days)}
    writer = _Writer(rng, values)
    heads = {
        line.split(" ", 1)[0]: line.split(" ", 1)[1] for line in _KINDS[kind] if line[:3] in ("标题 ", "称呼 ", "落款 ")
    }
    patterns = [line for line in _KINDS[kind] if line[:3] not in ("标题 ", "称呼 ", "落款 ")]
    chosen = rng.sample(range(len(patterns)), min(len(patterns), rng.randint(2, max(2, most))))
    if rng.random() < 0.7:
        chosen.sort()
    sentences = [writer.write(patterns[index]) for index in chosen]
    passage = _passage(rng)
    if passage:
        sentences.insert(rng.randint(0, len(sentences)), _around(passage, rng))
    title, address, sender = (writer.write(_alternative(rng, heads[name])) for name in ("标题", "称呼", "落款"))
    return Notice(kind, title, address.text, tuple(sentences), sender.text, issued, days)


def _around(passage: Passage, rng: random.Random) -> Sentence:
    """The passage as a sentence."""
    return Sentence(passage.text + rng.choice(("", "。", "！")), {}, frozenset(passage.slots), passage)


def _alternative(rng: random.Random, patterns: str) -> str:
    """One of the patterns parted by | outside of brackets."""
    return rng.choice(re.split(r"\|(?![^\[]*\])", patterns))
