"""An invented conversation: who writes, what and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources

from kantu.synth.words import grammar, lexicon, vocabulary

_LINES = lexicon.sections(resources.files("kantu.synth.families.chat").joinpath("lines.txt").read_text("utf-8"))
_DAYS = ("今天", "明天", "后天", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "月底", "下周")
_FORMS = {"text": 76, "voice": 6, "picture": 7, "packet": 2, "transfer": 2, "file": 3, "sticker": 3, "place": 1}
_GREETINGS = ("恭喜发财，大吉大利", "新年快乐", "生日快乐", "辛苦了", "拿去买奶茶", "一点心意")


@dataclass(frozen=True)
class Message:
    """Something one person sent. `text` is what it says: its words, a file's name, the length of a voice message.

    `mine` ones stand at the right where a window has two sides. `note` is the size of a file, the amount of a transfer;
    `quote` is whose words it answers, and these words.
    """

    sender: str
    mine: bool
    form: str
    text: str
    note: str = ""
    quote: tuple[str, str] | None = None
    instruction: bool = False


@dataclass(frozen=True)
class Stamp:
    """A time between messages."""

    text: str


@dataclass(frozen=True)
class Notice:
    """A line of the system's."""

    text: str


Entry = Message | Stamp | Notice


@dataclass(frozen=True)
class Conversation:
    """A chat with one person or a `group`; `title` is what stands over it, without the count of `members`."""

    title: str
    group: bool
    members: int
    me: str
    people: tuple[str, ...]
    entries: tuple[Entry, ...]


def _name(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(lexicon.SURNAMES) + vocabulary.random_han(rng, rng.randint(1, 2))
    if kind < 0.55:
        return rng.choice(lexicon.SURNAMES) + rng.choice(lexicon.TITLES)
    if kind < 0.7:
        return rng.choice(("小", "老", "阿", "大")) + rng.choice(lexicon.SURNAMES)
    if kind < 0.9:
        return vocabulary.word(rng)
    return vocabulary.word(rng) + rng.choice(("妈妈", "爸爸", "客服", "同学", "店主", "A", "66", "呀"))


def _names(rng: random.Random, count: int) -> tuple[str, ...]:
    """Names none of which is part of another."""
    names: list[str] = []
    while len(names) < count:
        name = _name(rng)
        if not any(name in other or other in name for other in names):
            names.append(name)
    return tuple(names)


_SLOTS: Mapping[str, Callable[[random.Random], str]] = {
    "word": vocabulary.word,
    "xx": lambda rng: vocabulary.random_han(rng, rng.randint(2, 3)),
    "goods": vocabulary.goods_name,
    "person": _name,
    "place": lambda rng: vocabulary.place(rng) if rng.random() < 0.5 else vocabulary.word(rng),
    "shop": vocabulary.shop_name,
    "city": lambda rng: rng.choice(lexicon.CITIES),
    "code": vocabulary.code,
    "digits": lambda rng: vocabulary.digits(rng, rng.randint(3, 8)),
    "digits3": lambda rng: vocabulary.digits(rng, rng.randint(3, 4)),
    "letters": lambda rng: "".join(rng.choices("ABCDGHKMTZ", k=rng.randint(1, 2))),
    "amount": vocabulary.amount,
    "n": lambda rng: str(rng.randint(2, 60)),
    "hour": lambda rng: str(rng.randint(1, 12)),
    "day": lambda rng: rng.choice(_DAYS),
    "date": vocabulary.date,
    "clock": vocabulary.clock,
}


def _said(rng: random.Random, section: str) -> str:
    if rng.random() < 0.12:
        return vocabulary.sentence(rng)
    text = grammar.expand(rng, rng.choice(_LINES[section]), _SLOTS).text
    return text + rng.choice(("", "", "", "", "。", "！", "~", "…"))


def _message(rng: random.Random, sender: str, mine: bool, before: Message | None) -> Message:
    form = rng.choices(tuple(_FORMS), tuple(_FORMS.values()))[0]
    if form == "voice":
        return Message(sender, mine, form, f"{rng.randint(1, 60)}" + rng.choice(('"', '"', "秒")))
    if form == "packet":
        text = rng.choice(_GREETINGS) if rng.random() < 0.6 else vocabulary.word(rng)
        return Message(sender, mine, form, text)
    if form == "transfer":
        return Message(sender, mine, form, "¥" + vocabulary.amount(rng), rng.choice(("待收款", "已收款", "已过期")))
    if form == "file":
        name = vocabulary.word(rng) + rng.choice(("", vocabulary.word(rng), vocabulary.digits(rng, 4)))
        ending = rng.choice((".docx", ".xlsx", ".pdf", ".pptx", ".zip", ".txt", ".jpg"))
        size = f"{rng.randint(1, 99)}.{rng.randint(0, 9)}" + rng.choice(("MB", "KB"))
        return Message(sender, mine, form, name + ending, size)
    if form == "place":
        return Message(sender, mine, form, vocabulary.address(rng), "位置")
    if form != "text":
        return Message(sender, mine, form, "")
    asked = before is not None and before.text.endswith(("？", "吗", "没有"))
    section = "replies" if asked and rng.random() < 0.6 else rng.choices(("statements", "questions"), (7, 3))[0]
    quote = None
    if before and before.form == "text" and rng.random() < 0.09:
        quote = (before.sender, before.text)
    return Message(sender, mine, form, _said(rng, section), quote=quote)


def _notice(rng: random.Random, people: tuple[str, ...], group: bool) -> str:
    told = dict(_SLOTS) | {"name": lambda r: r.choice(people), "name2": lambda r: _name(r)}
    lines = [line for line in _LINES["system"] if group or "群" not in line]
    return grammar.expand(rng, rng.choice(lines), told).text


def _stamps(rng: random.Random) -> Callable[[], str]:
    """Times that go on as a conversation does."""
    minute = rng.randrange(24 * 60)
    form = rng.randrange(5)
    day = vocabulary.date(rng) if form == 0 else rng.choice(("昨天", "周一", "周三", "星期五", "星期日", "今天"))

    def next_() -> str:
        nonlocal minute
        minute = min(minute + rng.randint(2, 95), 24 * 60 - 1)
        hour, rest = divmod(minute, 60)
        clock = (
            f"{hour:02d}:{rest:02d}"
            if form < 4
            else f"{'上午' if hour < 12 else '下午'}{(hour - 1) % 12 + 1}:{rest:02d}"
        )
        return clock if form == 1 else f"{day} {clock}"

    return next_


def make_conversation(rng: random.Random, length: int) -> Conversation:
    """A conversation of `length` messages; no two say the same."""
    group = rng.random() < 0.45
    names = _names(rng, rng.randint(3, 6) if group else 2)
    me, people = names[0], names[1:]
    title = people[0]
    if group:
        title = vocabulary.word(rng) + rng.choice(
            ("群", "交流群", "项目组", "一家人", "同学会", "小分队", "通知群", "")
        )
    stamp = _stamps(rng)
    often = rng.choice((0.06, 0.15, 0.3))
    mine_share = rng.choice((0.2, 0.45, 0.5, 0.55))
    entries: list[Entry] = [Stamp(stamp())] if rng.random() < 0.7 else []
    said: set[str] = set()
    before: Message | None = None
    count = 0
    while count < length:
        if count and rng.random() < often:
            entries.append(Stamp(stamp()))
        if rng.random() < 0.05:
            line = _notice(rng, people, group)
            if line not in said:
                said.add(line)
                entries.append(Notice(line))
        mine = rng.random() < mine_share
        sender = me if mine else rng.choice(people)
        message = _message(rng, sender, mine, before)
        if message.text in said or any(message.text and message.text in other for other in said):
            continue
        said.add(message.text)
        entries.append(message)
        before = message
        count += 1
    return Conversation(title, group, rng.randint(len(names), 499), me, people, tuple(entries))
