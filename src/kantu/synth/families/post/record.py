"""What a post is: who wrote what, the pictures with it, remarks and counts; and what is to be judged about it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources

from kantu.synth.ask.verdicts import Judgement
from kantu.synth.words import icons, lexicon, moderation, vocabulary
from kantu.synth.words.lexicon import sections
from kantu.synth.words.moderation import CATEGORIES, UNCLEAR, Passage
from kantu.tasks.results import Side

_TEXTS = sections(resources.files("kantu.synth.families.post").joinpath("posts.txt").read_text("utf-8"))
_ANIMALS = {
    "🐷": "猪", "🐵": "猴子", "🐍": "蛇", "🐰": "兔子", "🐼": "熊猫", "🐔": "鸡", "🐟": "鱼", "🦁": "狮子", "🐮": "牛",
    "🐴": "马", "🐸": "青蛙", "🦋": "蝴蝶", "🐘": "大象", "🐧": "企鹅",
}  # fmt: skip
_MORE = {
    "🎂": "生日蛋糕", "🎈": "气球", "🌻": "向日葵", "🍅": "西红柿", "🥚": "鸡蛋", "🍕": "披萨", "☂": "雨伞",
        "🎹": "钢琴",
    "✈": "飞机", "🚢": "轮船", "🎓": "学士帽", "🥁": "鼓", "🍋": "柠檬", "🍊": "橘子", "🥦": "西兰花", "🌵": "仙人掌",
}  # fmt: skip
THINGS = {**icons.ICONS, **_ANIMALS, **_MORE}
"""What pictures show, with the names people have for it."""
COUNTED_BY_ZHI = frozenset((*_ANIMALS.values(), "猫", "狗", "玩具熊"))
"""Of which there are 只 and not 个."""


@dataclass(frozen=True)
class Shot:
    """One picture of a post: `count` times one thing, and words printed into it ("" for none)."""

    thing: str
    count: int
    caption: str = ""

    @property
    def name(self) -> str:
        """What people call the thing, "" for what only pairs of text and picture show."""
        return THINGS.get(self.thing, "")


@dataclass(frozen=True)
class Remark:
    """What someone wrote under it, and how often that is liked."""

    author: str
    text: str
    likes: int


@dataclass(frozen=True)
class Post:
    """A post; counts are as they are printed. What is not shown is "" or empty."""

    author: str
    time: str
    place: str
    title: str
    text: str
    tags: tuple[str, ...]
    shots: tuple[Shot, ...]
    counts: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...]


def daily(rng: random.Random, section: str = "日常") -> str:
    """A text that nobody would object to."""
    return moderation.phrase(rng, rng.choice(_TEXTS[section])).text


def nickname(rng: random.Random) -> str:
    """What someone calls themselves."""
    return vocabulary.pick(
        rng,
        (3, lambda r: vocabulary.word(r) + vocabulary.word(r)),
        (3, vocabulary.word),
        (2, lambda r: r.choice("小大阿老") + vocabulary.random_han(r, r.randint(1, 3))),
        (1, lambda r: vocabulary.word(r) + r.choice(("妈妈", "同学", "日记", "爱吃鱼", "在路上", "呀"))),
        (1, moderation.account),
        (1, lambda r: r.choice(lexicon.SURNAMES) + vocabulary.random_han(r, 2)),
    )


def _count(rng: random.Random) -> str:
    number = rng.choice((rng.randint(0, 99), rng.randint(10, 999), rng.randint(1000, 99999)))
    if number > 9999 and rng.random() < 0.6:
        return f"{number / 10000:.1f}万"
    return f"{number:,}" if number > 999 and rng.random() < 0.15 else str(number)


def _shots(rng: random.Random) -> tuple[Shot, ...]:
    number = rng.choice((1, 1, 1, 1, 2, 3, 3, 4, 6, 9))
    things = rng.sample(tuple(THINGS), number)
    if number > 1:
        return tuple(Shot(thing, 1) for thing in things)
    caption = daily(rng, "无害图") if rng.random() < 0.45 else ""
    return (Shot(things[0], rng.choice((1, 1, 2, 3, 4, 5, 6)), caption),)


def make_post(rng: random.Random) -> Post:
    """A post that breaks nothing."""
    counts = [(name, _count(rng)) for name in ("likes", "replies", "shares", "saves") if rng.random() < 0.75]
    return Post(
        author=nickname(rng),
        time=vocabulary.date_time(rng),
        place=rng.choice(lexicon.CITIES) if rng.random() < 0.4 else "",
        title=vocabulary.word(rng) + vocabulary.word(rng) if rng.random() < 0.4 else "",
        text=daily(rng) if rng.random() < 0.75 else moderation.harmless(rng, rng.choice(CATEGORIES)).text,
        tags=tuple("#" + vocabulary.word(rng) for _ in range(rng.choice((0, 0, 1, 2, 3)))),
        shots=_shots(rng) if rng.random() < 0.9 else (),
        counts=tuple(counts),
        remarks=tuple(
            Remark(nickname(rng), daily(rng, "评论"), likes)
            for likes in rng.sample(range(0, 999), rng.choice((0, 0, 1, 2, 3, 4, 5)))
        ),
    )


@dataclass(frozen=True)
class Case:
    """A post, what is to be said of it, and the words that have to be seen for that."""

    post: Post
    judgement: Judgement
    needed: tuple[str, ...] = ()


def _captioned(post: Post, caption: str, rng: random.Random, things: str = "") -> Post:
    thing = rng.choice([each for each in things if each.strip("️")]) if things else rng.choice(tuple(THINGS))
    return replace(post, shots=(Shot(thing, rng.choice((1, 1, 2, 3)), caption),))


def _bad(rng: random.Random) -> Passage:
    return moderation.violating(rng, UNCLEAR if rng.random() < 0.12 else rng.choice(CATEGORIES))


def _alone(post: Post, rng: random.Random) -> Case:
    """Judged without another text: the passage is the post's own text, in its picture or a remark."""
    if rng.random() < 0.5:
        return Case(post, Judgement(Passage("")))
    passage, where = _bad(rng), rng.random()
    if where < 0.6:
        post = replace(post, text=passage.text)
    elif where < 0.85:
        post = _captioned(post, passage.text, rng)
    else:
        remark = Remark(nickname(rng), passage.text, rng.randint(0, 999))
        post = replace(post, remarks=(remark, *post.remarks[:2]))
    return Case(post, Judgement(passage), (passage.text,))


def _pair(post: Post, rng: random.Random) -> Case:
    """A text and a picture that are harmless alone; together they are, or they are not."""
    category = rng.choice(CATEGORIES)
    texts, bad, good = (
        [line.split(" ", 1)[1] for line in _TEXTS[category] if line.startswith(start)] for start in ("文", "坏", "好")
    )
    index = rng.randrange(len(texts))
    text = moderation.phrase(rng, texts[index]).text
    guilty = rng.random() < 0.55
    things, pattern = (bad if guilty else good)[index].split(":", 1)
    caption = moderation.phrase(rng, pattern).text
    post = _captioned(post, caption, rng, things)
    passage = Passage("") if not guilty else Passage(text, category, (text, caption))
    return Case(post, Judgement(passage, Side.BOTH, text), (caption,))


_QUOTED = (
    "[反诈|普法|安全]宣传：[这样的话|下面这类文字][都是骗人的|请勿相信|请举报]",
    "[反面例子|错误示范]，[请勿模仿|看到请举报]",
    "[警方|社区|平台]提醒：[此类内容|这种话]是[骗局|违规的]",
)


def _with_text(post: Post, rng: random.Random) -> Case:
    """Judged beside a text that is given in the question."""
    point = rng.random()
    if point < 0.45:
        return _pair(post, rng)
    if point < 0.65:
        passage = _bad(rng)
        return Case(post, Judgement(passage, Side.TEXT, passage.text))
    if point < 0.75:
        passage = _bad(rng)
        post = _captioned(post, passage.text, rng)
        return Case(post, Judgement(passage, Side.PICTURE, daily(rng)), (passage.text,))
    if point < 0.83:
        quoted = moderation.violating(rng, rng.choice(("诈骗", "赌博", "煽动", "违法")))
        caption = moderation.phrase(rng, rng.choice(_QUOTED)).text
        return Case(_captioned(post, caption, rng), Judgement(Passage(""), Side.BOTH, quoted.text), (caption,))
    text = daily(rng) if rng.random() < 0.4 else moderation.harmless(rng, rng.choice(CATEGORIES)).text
    return Case(post, Judgement(Passage(""), Side.TEXT, text))


def make_case(rng: random.Random) -> Case:
    """A post to be judged alone or beside a text."""
    post = make_post(rng)
    return _alone(post, rng) if rng.random() < 0.55 else _with_text(post, rng)


def shown(case: Case, texts: Sequence[str]) -> bool:
    """Whether all that the judgement rests on can be read."""
    return all(any(words in text for text in texts) for words in case.needed)
