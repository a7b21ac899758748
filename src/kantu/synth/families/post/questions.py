"""What people ask of a post: who, when, how many; what is in the picture; does a text fit; may it stay."""

from __future__ import annotations

import random

from kantu.synth.ask import fields, named, places, texts, verdicts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.named import Meaning
from kantu.synth.ask.scene import Scene
from kantu.synth.ask.verdicts import Judgement
from kantu.synth.families.post import match
from kantu.synth.families.post.record import COUNTED_BY_ZHI, THINGS, Post
from kantu.synth.page import Question
from kantu.synth.words.wording import worded

MEANINGS = {
    "author": Meaning(
        ("作者", "发布者", "发帖人", "昵称", "用户名"),
        ("是谁发的", "谁发的这条", "博主叫什么", "楼主是谁", "发这个的人叫什么"),
    ),
    "time": Meaning(("发布时间", "时间", "日期"), ("什么时候发的", "哪天发的", "发了多久了", "是几时发的")),
    "place": Meaning(("定位", "发布地点", "所在地"), ("在哪里发的", "定位在哪", "人在哪个城市", "显示的是哪个城市")),
    "likes": Meaning(("点赞数", "赞", "点赞"), ("有多少赞", "多少人点赞", "几个赞", "获得多少个赞")),
    "replies": Meaning(("评论数", "评论总数", "回复数"), ("共有多少评论", "评论数是多少", "多少条评论（看数字）")),
    "shares": Meaning(("转发数", "分享数"), ("转发了多少次", "多少人转发", "被分享了几次")),
    "saves": Meaning(("收藏数",), ("多少人收藏", "收藏了多少", "有几个收藏")),
    "caption": Meaning(
        ("图片上的字", "照片里的文字", "配图文字"), ("图片里写着什么", "照片上印的什么字", "配图上写了啥")
    ),
}
_MAY_BE_MISSING = ("place", "likes", "replies", "shares", "saves")
_WHAT = (
    *(
        "照片里是什么",
        "图片里画的是什么",
        "配图拍的是什么",
        "图里有什么东西",
        "这是什么",
        "拍的是啥",
        "照片的主角是什么",
        "图中的物品是什么",
    ),
    *("画面里能看到什么", "发的图是什么", "晒的什么"),
)
_HOW_MANY = (
    "照片里有几{m}{x}",
    "图里一共几{m}{x}",
    "数一数{x}有几{m}",
    "有多少{m}{x}",
    "画面里的{x}有几{m}",
    "{x}几{m}",
)
_PICTURES = ("发了几张图", "一共几张照片", "配了几张图片", "这条带了多少张图", "有几张配图", "数一下照片张数")
_REMARKED = ("{x}说了什么", "{x}评论了什么", "{x}的评论是什么", "{x}留言写的啥", "{x}回复了什么", "{x}怎么说的")
_WHO = ("谁说了“{x}”", "“{x}”是谁评论的", "评论“{x}”的人叫什么", "写“{x}”的是谁", "“{x}”这条是哪位发的")
_REMARKS = ("图里显示了几条评论", "能看到几条评论", "下面列出几条留言", "截图里有几条评论", "看得到的评论有几条")
_MORE = (
    "{a}和{b}的评论谁的赞多",
    "哪条评论赞更多，{a}还是{b}",
    "{a}、{b}两人谁获赞多",
    "评论里{a}和{b}比，谁的点赞数高",
)
_EITHER = ("图里是{a}还是{b}", "照片拍的是{a}还是{b}", "{a}还是{b}", "选一个：{a}、{b}", "看图，是{a}还是{b}")
_ANSWERS = ("{v}", "{v}", "{v}。", "是{v}。", "有{v}。")


def _short(rng: random.Random, value: str) -> str:
    return rng.choice(_ANSWERS[:4]).format(v=value)


def _what(post: Post) -> Asker:
    def asker(scene: Scene) -> Question | None:
        names = [shot.name for shot in post.shots]
        if len(names) != 1 or not names[0]:
            return None
        return Question("field", worded(scene.rng, _WHAT), _short(scene.rng, names[0]), (names[0],))

    return asker


def _how_many(post: Post) -> Asker:
    def asker(scene: Scene) -> Question | None:
        rng = scene.rng
        if len(post.shots) > 1:
            number = str(len(post.shots))
            answer = rng.choice(("{v}张", "{v}", "一共{v}张。", "{v}张图。")).format(v=number)
            return Question("count", worded(rng, _PICTURES), answer, (number,))
        shot = post.shots[0]
        if not shot.name:
            return None
        measure = "只" if shot.name in COUNTED_BY_ZHI else "个"
        asked = worded(rng, _HOW_MANY, m=measure, x=shot.name)
        answer = rng.choice(("{v}", "{v}{m}", "有{v}{m}。", "{v}{m}{x}")).format(v=shot.count, m=measure, x=shot.name)
        return Question("count", asked, answer, (str(shot.count),))

    return asker


def _remarks(post: Post) -> Asker:
    """Who wrote which remark, how many are shown, which is liked more."""

    def asker(scene: Scene) -> Question | None:
        rng = scene.rng
        shown = [each for each in post.remarks if scene.unique(each.text) and scene.shown(each.author)]
        if not shown or len({each.author for each in post.remarks}) < len(post.remarks):
            return None
        point, remark = rng.random(), rng.choice(shown)
        if point < 0.35:
            asked = worded(rng, _REMARKED, x=remark.author)
            return Question("field", asked, _short(rng, remark.text), (remark.text,))
        if point < 0.65:
            asked = worded(rng, _WHO, x=remark.text)
            return Question("field", asked, _short(rng, remark.author), (remark.author,))
        liked = [each for each in shown if any(line.name.startswith("liked") for line in scene.page.lines)]
        if point < 0.85 and len(liked) > 1:
            first, second = rng.sample(liked, 2)
            asked = worded(rng, _MORE, a=first.author, b=second.author)
            more = max((first, second), key=lambda each: each.likes)
            return Question("compare", asked, _short(rng, more.author), (more.author,))
        number = str(len(post.remarks))
        answer = rng.choice(("{v}条", "{v}", "{v}条评论", "一共{v}条。")).format(v=number)
        return Question("count", worded(rng, _REMARKS), answer, (number,))

    return asker


def _choice(post: Post) -> Asker:
    """Is it this or that in the picture?"""

    def asker(scene: Scene) -> Question | None:
        rng, names = scene.rng, [shot.name for shot in post.shots]
        if len(names) != 1 or not names[0]:
            return None
        other = rng.choice([name for name in THINGS.values() if name not in names[0] and names[0] not in name])
        first, second = rng.sample((names[0], other), 2)
        asked = worded(rng, _EITHER, a=first, b=second)
        return Question("choice", asked, _short(rng, names[0]), (names[0],))

    return asker


def askers(post: Post, judgement: Judgement, seen: frozenset[str]) -> Weighted:
    """All that is asked of a post as it is shown; `seen` are the names of its values."""
    pictured: Weighted = (
        (_what(post), 1.2),
        (_how_many(post), 1.5),
        (_choice(post), 0.7),
        (match.fits(post, seen), 2.8),
    )
    return (
        (named.field(MEANINGS), 4.0),
        (verdicts.verdict(judgement), 2.5),
        (named.missing({name: MEANINGS[name] for name in _MAY_BE_MISSING}), 1.2),
        (named.record(MEANINGS, _MAY_BE_MISSING), 0.8),
        (named.box(MEANINGS), 1.0),
        *(pictured if post.shots else ()),
        (_remarks(post), 2.0 if post.remarks else 0.01),
        (fields.marked, 0.3),
        (places.at_box, 0.4),
        (places.where, 1.0),
        (texts.present, 0.4),
        (texts.transcribe_line, 0.6),
        (texts.transcribe_card, 0.2),
        (texts.transcribe_page, 0.4),
    )


def first(rng: random.Random, post: Post, judgement: Judgement, seen: frozenset[str]) -> tuple[Asker, ...]:
    """What is asked of every post, and a task in one of three."""
    asked: list[Asker] = [verdicts.verdict(judgement)]
    if rng.random() < 0.3:
        asked.append(verdicts.task(judgement))
    if post.shots:
        asked.append(match.fits(post, seen))
        if rng.random() < 0.3:
            asked.append(match.task(post, seen))
    return tuple(asked)
