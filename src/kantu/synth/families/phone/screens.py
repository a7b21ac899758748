"""What phones show: screens and their parts, invented after `screens.txt`."""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType

from kantu.synth.facts import Pair
from kantu.synth.families.phone.makers import MAKERS
from kantu.synth.words import lexicon, vocabulary

_FOLDER = resources.files("kantu.synth.families.phone")
_KINDS = {
    **dict.fromkeys(("money", "signed", "gain", "off"), "money"),
    **dict.fromkeys(("digits", "code", "card", "pickup", "serial", "letters", "queue", "identity", "version"), "code"),
    **dict.fromkeys(
        (
            "date",
            "date2",
            "datetime",
            "daytime",
            "clock",
            "month",
            "monthday",
            "slot",
            "until",
            "ago",
            "day",
            "weekday",
        ),
        "time",
    ),
    **dict.fromkeys(("person", "fullname", "driver", "doctor", "nickname"), "person"),
    **dict.fromkeys(("phone", "mobile", "landline"), "phone"),
    **dict.fromkeys(("int", "decimal", "thousands", "times"), "count"),
    **dict.fromkeys(("address", "venue", "hall", "station", "station2", "city", "classroom"), "place"),
    **dict.fromkeys(("duration", "stay", "sleep", "track"), "span"),
    **dict.fromkeys(("shop", "party", "hotel", "hospital", "source"), "shop"),
    "goods": "goods",
    "pick": "choice",
}
"""What kind of value a maker makes: by most of these words `words.vocabulary.VALUES` knows it, too."""
_ONE_FORM = frozenset(("date", "datetime", "money", "clock", "until", "monthday", "card", "thousands", "range"))
"""Makers whose values are written in one way all down a list."""
_PROSE = {"headline": "", "author": "person", "published": "time", "reads": "count", "comments": "count"}
"""What stands over and under a text, with its kind."""


@dataclass(frozen=True)
class Values:
    """Labelled values, the first of them the one that matters; `form` is hero, fields, tiles or pass."""

    form: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Rows:
    """Rows whose first cell names them; no two begin the same. `form` is list, steps, strip or feed.

    `columns` says what the cells are, `kinds` of which kind each is, `measure` what one row is counted by, `noun` what
    it is.
    """

    form: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    measure: str
    noun: str


@dataclass(frozen=True)
class Prose:
    """A text under a headline, with what is said about it."""

    headline: str
    pairs: tuple[Pair, ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Month:
    """A month's days and the one that stands out."""

    year: int
    month: int
    chosen: int


@dataclass(frozen=True)
class Controls:
    """Rows of settings, `count` of them."""

    count: int


@dataclass(frozen=True)
class Search:
    """An input to search with."""


Part = Values | Rows | Prose | Month | Controls | Search


@dataclass(frozen=True)
class Screen:
    """A screen's title and parts, in the order they would stand in.

    `noun` says what the screen is, `names` are those of all values that such screens may show. A `locked` phone shows
    its parts over a wallpaper, without title or bars.
    """

    title: str
    noun: str
    names: frozenset[str]
    parts: tuple[Part, ...]
    locked: bool


@cache
def _texts() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """The screens of the file: their titles, and the lines of their parts."""
    found = lexicon.sections(_FOLDER.joinpath("screens.txt").read_text("utf-8"))
    return tuple((tuple(titles.split("/")), tuple(filter(None, lines))) for titles, lines in found.items())


def _described(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Each value that lines of the file promise: its name and its maker's words."""
    for line in lines:
        head, _, body = line.partition(":")
        if head.split()[0] in ("hero", "fields", "tiles", "pass"):
            for text in filter(str.strip, body.split(";")):
                name, _, maker = (part.strip() for part in text.split("|"))
                yield name, maker


@cache
def options() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """By a value's name the lists of words it is one of, where it is one of a few."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for _, lines in _texts():
        for name, maker in _described(lines):
            if maker.startswith("pick "):
                found.setdefault(name, []).append(tuple(maker.removeprefix("pick ").split(",")))
    return MappingProxyType({name: tuple(lists) for name, lists in found.items()})


@cache
def kinds() -> Mapping[str, frozenset[str]]:
    """The kinds of value that a name may stand for."""
    found: dict[str, set[str]] = {name: {kind} for name, kind in _PROSE.items()}
    found |= {"clock": {"time"}, "battery": {"count"}, "month": {"time"}, "chosen": {"time"}}
    for _, lines in _texts():
        for name, maker in _described(lines):
            found.setdefault(name, set()).add(_kind(maker))
    return MappingProxyType({name: frozenset(filter(None, each)) for name, each in found.items()})


def _kind(maker: str) -> str:
    return _KINDS.get(maker.split()[0], "")


def _value(rng: random.Random, maker: str) -> str:
    name, *arguments = maker.split()
    return MAKERS[name](rng, *arguments)


def _pair(rng: random.Random, text: str) -> Pair:
    name, labels, maker = (part.strip() for part in text.split("|"))
    label = rng.choice(labels.split("/"))
    return Pair("" if label == "-" else label, _value(rng, maker), _kind(maker), name)


def _count(rng: random.Random, span: str) -> int:
    low, _, high = span.partition("-")
    return rng.randint(int(low), int(high or low))


def _values(rng: random.Random, form: str, head: str, body: str) -> Values | None:
    texts = [text for text in body.split(";") if text.strip()]
    if head:
        texts = rng.sample(texts, min(_count(rng, head), len(texts)))
        if rng.random() < 0.5:
            texts.sort(key=body.index)
    elif form == "hero":  # the first stays, the others may be left out
        texts = [texts[0], *(text for text in texts[1:] if rng.random() < 0.75)]
    if not texts:
        return None
    pairs: list[Pair] = []
    for text in texts:
        pair = _pair(rng, text)
        if not any(pair.value in other.value or other.value in pair.value for other in pairs):
            pairs.append(pair)
    return Values(form, tuple(pairs))


def _alike(rng: random.Random, maker: str, count: int) -> list[str]:
    """Values of one column: days follow each other, times are written in one way and go back."""
    if maker == "weekday":
        first, form = rng.randrange(7), rng.choice(("周", "星期"))
        return [form + "一二三四五六日"[(first + index) % 7] for index in range(count)]
    if maker == "month":
        first = rng.randrange(2019 * 12, 2031 * 12)
        return [f"{(first - index) // 12}年{(first - index) % 12 + 1}月" for index in range(count)]
    values = [_value(rng, maker)]
    if maker.split()[0] not in _ONE_FORM:
        return values + [_value(rng, maker) for _ in range(count - 1)]
    for _ in range(count * 12):
        if len(values) == count:
            break
        value = _value(rng, maker)
        if _form(value) == _form(values[0]):
            values.append(value)
    values += [_value(rng, maker) for _ in range(count - len(values))]
    if _kind(maker) == "time":
        values.sort(key=lambda value: [int(part) for part in re.findall(r"\d+", value)], reverse=maker != "clock")
    return values


def _form(value: str) -> str:
    return re.sub(r"\d+", "0", value)


def _rows(rng: random.Random, head: str, body: str) -> Rows | None:
    span, measure, noun = head.split()
    columns = [column.strip().split("=") for column in body.split(";")]
    count = _count(rng, span)
    if count < 2:
        return None
    rows: list[tuple[str, ...]] = []
    for row in zip(*(_alike(rng, maker, count) for _, maker in columns), strict=True):
        if not any(row[0] in other[0] or other[0] in row[0] for other in rows):
            rows.append(row)
    kinds_ = tuple(_kind(maker) for _, maker in columns)
    return (
        Rows("list", tuple(name for name, _ in columns), kinds_, tuple(rows), measure, noun) if len(rows) > 1 else None
    )


def _happened(rng: random.Random, *, first: bool) -> str:
    """What a parcel's journey says, `first` at its beginning."""
    city, word = rng.choice(lexicon.CITIES), vocabulary.word(rng)
    if first:
        return rng.choice(("包裹已揽收", "快递员已取件", f"{word}网点已收件", "商家已发货"))
    return rng.choice((
        f"到达{city}{word}转运中心", f"离开{city}{word}分拨中心，发往下一站", f"{word}驿站已代收",
        f"快件在{city}{word}营业部装车", f"派送员{rng.choice(lexicon.SURNAMES)}{vocabulary.random_han(rng, 1)}正在派件",
        f"已到达{word}自提柜", f"{city}海关查验{word}", f"因{word}暂停运输",
    ))  # fmt: skip


def _steps(rng: random.Random, count: int) -> Rows:
    steps: list[tuple[str, str]] = []
    moment = datetime.datetime(rng.randint(2019, 2031), rng.randint(1, 12), rng.randint(1, 28), rng.randrange(24))
    form = rng.choice(("{t:%m-%d %H:%M}", "{t.month}月{t.day}日 {t:%H:%M}", "{t:%m/%d %H:%M}", "{t:%Y-%m-%d %H:%M:%S}"))
    for index in range(count):
        moment -= datetime.timedelta(minutes=rng.randint(20, 900), seconds=rng.randrange(60))
        said = _happened(rng, first=index == count - 1)
        if not any(said in other or other in said for other, _ in steps):
            steps.append((said, form.format(t=moment)))
    return Rows("steps", ("动态", "时间"), ("", "time"), tuple(steps), "条", "物流动态")


def _strip(rng: random.Random, body: str) -> Rows:
    hour, step, mark = rng.randint(0, 23), rng.choice((1, 1, 2, 3)), rng.choice(("时", "点", ":00"))
    hours = [f"{(hour + index * step) % 24:02d}{mark}" for index in range(rng.randint(4, 7))]
    label, maker = (part.strip() for part in body.split("|"))
    values = tuple((each, _value(rng, maker)) for each in hours)
    return Rows("strip", ("时间", label), ("time", _kind(maker)), values, "个", "时刻")


def _prose(rng: random.Random) -> Prose:
    pairs = [
        Pair("", _value(rng, rng.choice(("source", "nickname"))), "", "author"),
        Pair("", _value(rng, rng.choice(("date", "datetime", "ago"))), "time", "published"),
        Pair("阅读", f"{rng.randint(100, 99999)}", "count", "reads"),
        Pair("评论", f"{rng.randint(2, 999)}", "count", "comments"),
    ]
    kept = [pair for pair in pairs if rng.random() < 0.75]
    paragraphs = ["".join(vocabulary.sentence(rng) for _ in range(rng.randint(1, 4))) for _ in range(rng.randint(2, 7))]
    return Prose(_value(rng, "headline"), tuple(kept), tuple(paragraphs))


def _feed(rng: random.Random, count: int) -> Rows | None:
    posts: dict[str, tuple[str, ...]] = {}
    for _ in range(count):
        name = _value(rng, rng.choice(("nickname", "fullname")))
        words = "".join(vocabulary.sentence(rng) for _ in range(rng.choice((1, 1, 2))))
        likes, comments = str(rng.randint(2, 9999)), str(rng.randint(2, 999))
        if not any(name in other or other in name for other in posts):
            posts[name] = (name, _value(rng, rng.choice(("ago", "daytime"))), words, likes, comments)
    columns, kinds_ = ("昵称", "时间", "内容", "点赞数", "评论数"), ("person", "time", "", "count", "count")
    return Rows("feed", columns, kinds_, tuple(posts.values()), "条", "动态") if len(posts) > 1 else None


def _part(rng: random.Random, line: str) -> Part | None:
    """The part that a line of the file asks for; None where chance leaves it out."""
    head, _, body = line.partition(":")
    form, _, span = head.strip().partition(" ")
    if form in ("hero", "fields", "tiles", "pass"):
        return _values(rng, form, span, body)
    if form == "list":
        return _rows(rng, span, body)
    if form == "steps":
        return _steps(rng, _count(rng, body))
    if form == "strip":
        return _strip(rng, body) if rng.random() < 0.8 else None
    if form == "prose":
        return _prose(rng)
    if form == "feed":
        return _feed(rng, _count(rng, body))
    if form == "month":
        return Month(rng.randint(2020, 2031), rng.randint(1, 12), rng.randint(1, 28)) if rng.random() < 0.8 else None
    if form == "rows":
        count = _count(rng, body)
        return Controls(count) if count else None
    return Search() if rng.random() < 0.7 else None


_DATES = ("{d:%Y-%m-%d}", "{d:%m-%d}", "{d.month}月{d.day}日", "{d.year}年{d.month}月{d.day}日", "{d:%Y/%m/%d}")


_NEWEST = {
    "运输中": ("离开{c}{w}分拨中心，发往下一站", "到达{c}{w}转运中心"),
    "派送中": ("派送员{p}正在派件", "{w}营业部正在派送"),
    "已签收": ("已签收，签收人是{p}", "已由{w}代收", "快件已送达{w}前台"),
    "待取件": ("已到达{w}自提柜", "{w}驿站已代收，请及时领取"),
    "已揽收": ("{w}网点已收件", "快递员{p}已取件"),
    "清关中": ("{c}海关查验{w}", "正在{c}口岸清关"),
    "异常件": ("因{w}暂停运输",),
    "已发出": ("快件由{c}{w}营业部发出",),
    "退回中": ("因{w}退回{c}",),
    "到达驿站": ("{w}驿站已入库",),
}
"""The newest of a parcel's steps, by the state that it explains."""


def _agreeing(rng: random.Random, pairs: Iterable[Pair]) -> dict[str, str]:
    """Values by name, those changed that have to agree with others: what was used, how long one stays, how warm."""
    told: dict[str, str] = {}
    for pair in pairs:
        told.setdefault(pair.name, pair.value)
    if {"last", "now"} <= told.keys():
        used = rng.randint(10, 900)
        told["now"] = str(int(told["last"]) + used)
        if "usage" in told:
            told["usage"] = f"{used}度"
    if "checkin" in told:
        form, nights = rng.choice(_DATES), int(re.sub(r"\D", "", told.get("nights", "")) or rng.randint(1, 9))
        first = datetime.date(rng.randint(2019, 2031), 1, 1) + datetime.timedelta(days=rng.randrange(365))
        told["checkin"] = form.format(d=first)
        if "checkout" in told:
            told["checkout"] = form.format(d=first + datetime.timedelta(days=nights))
    if {"temperature", "range"} <= told.keys():
        now = int(told["temperature"].rstrip("°"))
        low, high = now - rng.randint(0, 9), now + rng.randint(1, 9)
        told["range"] = rng.choice((f"{low}° / {high}°", f"{low}~{high}°", f"{low}°~{high}°", f"{high}°/{low}°"))
    return told


def _settled(rng: random.Random, parts: Iterable[Part]) -> list[Part]:
    """The parts with values that agree: what one name says twice is the same."""
    parts = list(parts)
    told = _agreeing(rng, (pair for part in parts if isinstance(part, Values) for pair in part.pairs))

    def settled(part: Part) -> Part:
        if isinstance(part, Rows) and part.form == "steps" and told.get("state") in _NEWEST:
            said = rng.choice(_NEWEST[told["state"]]).format(
                w=vocabulary.word(rng), c=rng.choice(lexicon.CITIES), p=vocabulary.person(rng)
            )
            return replace(part, rows=((said, part.rows[0][1]), *part.rows[1:]))
        if not isinstance(part, Values):
            return part
        return replace(part, pairs=tuple(replace(pair, value=told[pair.name]) for pair in part.pairs))

    return [settled(part) for part in parts]


def make_screen(rng: random.Random) -> Screen:
    """One of the file's screens, its parts now and then in another order."""
    titles, lines = rng.choice(_texts())
    locked = "locked" in lines
    parts = _settled(rng, [part for line in lines if line != "locked" and (part := _part(rng, line))])
    if not locked and rng.random() < 0.25:
        rng.shuffle(parts)
    names = frozenset(name for name, _ in _described(lines)) | (_PROSE.keys() if "prose:" in lines else frozenset())
    return Screen(rng.choice(titles), titles[0], names, tuple(parts), locked)


def nouns() -> tuple[str, ...]:
    """What screens can be: the first title of each."""
    return tuple(titles[0] for titles, _ in _texts())
