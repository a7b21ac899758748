"""Texts that may be shown and texts that may not, from the patterns of `moderation.txt`."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from importlib import resources

from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.grammar import Said, Slots, expand
from kantu.synth.words.lexicon import sections

_PATTERNS = sections(resources.files("kantu.synth.words").joinpath("moderation.txt").read_text("utf-8"))
_HARMLESS = ".无害"
UNCLEAR = "需复核"
"""The section of texts about which someone has to decide."""

CATEGORIES = tuple(name for name in _PATTERNS if name != UNCLEAR and not name.endswith(_HARMLESS))
"""What a text may break, in the words of the task `moderate`."""


@dataclass(frozen=True)
class Passage:
    """A text and what is wrong with it: the category ("" for nothing, `UNCLEAR`), and the words that give it away.

    `slots` are the kinds of values it states (`SLOTS`).
    """

    text: str
    category: str = ""
    evidence: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()


def violating(rng: random.Random, category: str) -> Passage:
    """A text of this category (or an `UNCLEAR` one)."""
    said = expand(rng, rng.choice(_PATTERNS[category]), SLOTS)
    return Passage(said.text, category, said.marked, said.slots)


def harmless(rng: random.Random, category: str) -> Passage:
    """A text that sounds like the category to whoever reads single words, and breaks nothing."""
    said = expand(rng, rng.choice(_PATTERNS[category + _HARMLESS]), SLOTS)
    return Passage(said.text, slots=said.slots)


def account(rng: random.Random) -> str:
    """An invented name of an account: letters and digits."""
    if rng.random() < 0.2:
        return mobile(rng)
    head = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 6)))
    return head + rng.choice(("", "", "_", "-")) + vocabulary.digits(rng, rng.randint(3, 7))


def mobile(rng: random.Random) -> str:
    """Eleven digits like those of a mobile number."""
    return f"1{rng.randint(3, 9)}" + vocabulary.digits(rng, 9)


def contact(rng: random.Random) -> str:
    """Where to meet outside: 微信 and its many spellings, with an account."""
    where = rng.choice(
        (
            "微信",
            "V信",
            "v",
            "徽信",
            "威信",
            "VX",
            "wx",
            "扣扣",
            "QQ",
            "企鹅号",
            "电话",
            "手机",
            "微",
            "小号",
            "电报",
            "飞机",
        )
    )
    return where + rng.choice(("", "：", ":", " ", "号", "号：")) + account(rng)


def landline(rng: random.Random) -> str:
    """The number of an office."""
    return f"0{rng.randint(10, 899)}-{rng.randint(2, 8)}{vocabulary.digits(rng, rng.choice((6, 7)))}"


def _spot(rng: random.Random) -> str:
    return vocabulary.pick(
        rng,
        (3, lambda r: r.choice(_SPOTS)),
        (2, lambda r: f"{r.randint(1, 30)}号楼" + r.choice(("大厅", "门口", "一层", ""))),
        (2, lambda r: vocabulary.word(r) + r.choice(("广场", "路口", "公园", "大厦", "中学", "小区"))),
        (1, lambda r: f"{r.choice('ABCDE')}座{r.randint(101, 2999)}"),
    )


_SPOTS = (
    "物业办公室",
    "东门",
    "西门口",
    "社区活动室",
    "学校操场",
    "图书馆",
    "小区广场",
    "地下车库",
    "居委会",
    "大礼堂",
    "食堂",
)

SLOTS: Slots = {
    "contact": contact,
    "id": account,
    "tel": landline,
    "goods": vocabulary.goods_name,
    "word": vocabulary.word,
    "person": lambda r: r.choice(lexicon.SURNAMES) + r.choice(lexicon.TITLES),
    "place": _spot,
    "city": lambda r: r.choice(lexicon.CITIES),
    "address": vocabulary.address,
    "date": lambda r: f"{r.randint(1, 12)}月{r.randint(1, 28)}日",
    "clock": lambda r: f"{r.randint(6, 22)}:{r.choice(('00', '15', '30', '45'))}",
    "money": vocabulary.amount,
    "n": lambda r: str(r.choice((r.randint(5, 99), r.randint(10, 99) * 10, r.randint(10, 99) * 100))),
    "few": lambda r: str(r.randint(2, 9)),
    "percent": lambda r: f"{r.randint(1, 30)}%",
    "digits": lambda r: vocabulary.digits(r, r.randint(12, 19)),
    "digits4": lambda r: vocabulary.digits(r, 4),
}
"""What the patterns' slots are filled with."""


def phrase(rng: random.Random, pattern: str) -> Said:
    """One of the texts of a pattern, with these slots."""
    return expand(rng, pattern, SLOTS)
