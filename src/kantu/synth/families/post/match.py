"""Texts that fit a post, contradict it, or say what it does not show."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kantu.synth.ask.generic import Asker
from kantu.synth.ask.scene import Scene
from kantu.synth.families.post.record import COUNTED_BY_ZHI, THINGS, Post, Shot
from kantu.synth.page import Question
from kantu.synth.words import lexicon, moderation, vocabulary
from kantu.tasks.builtin import MATCH
from kantu.tasks.results import MatchResult, MatchVerdict, written

_NUMBERS = "零一两三四五六七八九十"
_THING = (
    *("[拍到|看到|遇见|画了|分享|晒晒|今天的主角是|桌上摆着|门口有|图里是]<x>", "[这是|我的|送你]<x>",
        "<x>[真好看|来了|到手了|合影]"),
    *("[镜头里|照片里|画面里][有|是]<x>", "[给大家看|求夸]<x>", "和<x>[的一天|在一起]",
        "<x>，[随手一拍|记录一下|生活照]"),
)  # fmt: skip
_CAPTION = ("[图上写着|上面印着|配字|图里的字是]<x>", "[写的是|标着]<x>", "[一眼看到|封面写着]<x>")
_AUTHOR = ("[发帖的是|作者|博主]<x>", "[转自|来自]<x>的动态", "<x>[发的|写的]")
_PLACE = ("[人在|定位|打卡]<x>", "<x>[打卡|拍的|一日游]", "[在|来到]<x>")
_LIKES = ("[点赞|赞]<x>个", "收到<x>个赞", "已经<x>赞了")
_UNSHOWN: dict[str, tuple[str, ...]] = {
    "cost": ("[花了|只要|买下来]<n>元", "[打折|团购]价<n>元"),
    "giver": ("[同事|表姐|老师|邻居]<person>[送的|带来的|推荐的]", "[我妈|爷爷|室友]亲手[做的|挑的]"),
    "when": ("[去年|上个月|前天|大前天][拍的|买的|在老家拍的]", "[养了|用了|放了]<few>[年|个月|天]"),
    "weight": ("[重|足足]<n>[斤|克]", "[高|长]<n>厘米"),
    "mood": ("[昨晚|今早]梦见过", "[排队|等了]<n>分钟[才等到|才拍到]"),
}
_JOINS = ("，", "，", "；", "。", " ")
_ENDS = ("", "", "。", "！", "~")
_ASKED = (
    *("“{t}”这段话和图相符吗", "图片和文字“{t}”一致吗", "文案：{t}。和图对得上吗", "“{t}”说得对不对，看图判断",
        "这句话符合图片吗：{t}"),
    *("图文一致吗？文字是“{t}”", "配文“{t}”跟图矛盾吗", "下面的文字和图片是否一致：{t}",
        "有人说“{t}”，图里是这样吗", "核对图文：{t}"),
    *("“{t}”——与图相符还是不符", "看图，“{t}”有没有说错", "标题写“{t}”，和照片一致吗", "这张图能配“{t}”吗",
        "图和“{t}”一样吗"),
    *("判断图文是否匹配，文字：{t}", "“{t}”是不是在说这张图", "按图看“{t}”对吗", "请核对：“{t}”与图片是否一致"),
)  # fmt: skip
_FITS = ("一致。", "一致，说的都在图里。", "一致", "图文一致。", "一致，{r}。")
_CONFLICTS = ("不一致，{r}。", "不一致，“{c}”不对，{r}。", "不一致：{r}。", "不一致，错在“{c}”，{r}。")
_UNKNOWN = ("无法判断，{r}。", "无法判断。", "无法判断：{r}。", "无法判断，图里没有说。")


@dataclass(frozen=True)
class _Claim:
    """A phrase about a topic, the words in it that could be wrong, and what the picture has to say to them."""

    topic: str
    text: str
    words: str
    truth: bool | None
    reason: str


def _counted(rng: random.Random, count: int, name: str) -> str:
    measure = "只" if name in COUNTED_BY_ZHI else "个"
    number = str(count) if rng.random() < 0.5 else _NUMBERS[count] if count != 2 else "两"
    if count == 1 and rng.random() < 0.5:
        return name
    return f"{number}{measure}{name}"


def _say(rng: random.Random, patterns: Sequence[str], words: str) -> str:
    return moderation.phrase(rng, rng.choice(patterns).replace("<x>", words)).text


def _thing(rng: random.Random, shots: Sequence[Shot], wrong: bool) -> _Claim | None:
    shot = rng.choice(shots)
    if not shot.name or len({each.name for each in shots}) < len(shots):
        return None
    held = {each.name for each in shots}
    single = len(shots) == 1
    count = shot.count if single else 1
    right = _counted(rng, count, shot.name) if single else shot.name
    reason = f"图里是{right}" if single else f"图里有{shot.name}"
    if not wrong:
        return _Claim("thing", _say(rng, _THING, right), right, True, reason)
    if single and rng.random() < 0.5:
        other = rng.choice([number for number in range(1, 9) if number != count])
        number = _NUMBERS[other] if rng.random() < 0.5 else str(other)
        words = number + ("只" if shot.name in COUNTED_BY_ZHI else "个") + shot.name
    else:
        name = rng.choice([each for each in THINGS.values() if not any(each in own or own in each for own in held)])
        words = _counted(rng, count, name) if single else name
        reason = reason if single else f"图里没有{name}"
    return _Claim("thing", _say(rng, _THING, words), words, False, reason)


def _altered(rng: random.Random, value: str) -> str:
    """The value with another digit or character in it."""
    places = [index for index, character in enumerate(value) if character.isdigit()]
    if places and rng.random() < 0.8:
        index = rng.choice(places)
        other = rng.choice([digit for digit in "123456789" if digit != value[index]])
        return value[:index] + other + value[index + 1 :]
    return vocabulary.word(rng) + vocabulary.word(rng)


def _value(rng: random.Random, patterns: Sequence[str], value: str, what: str, wrong: bool) -> _Claim:
    words = _altered(rng, value) if wrong else value
    if wrong and what == "地点":
        words = rng.choice([city for city in lexicon.CITIES if city != value])
    return _Claim(what, _say(rng, patterns, words), words, not wrong, f"{what}是{value}")


def _unshown(rng: random.Random, kind: str) -> _Claim:
    text = moderation.phrase(rng, rng.choice(_UNSHOWN[kind])).text
    return _Claim(kind, text, text, None, f"图里看不出“{text}”")


def _claims(rng: random.Random, post: Post, seen: frozenset[str], wrong: bool) -> list[_Claim]:
    """All claims of one kind that this page gives cause for; `seen` are the names of the values it shows."""
    found = [_thing(rng, post.shots, wrong)] if "shots" in seen else []
    captions = [shot.caption for shot in post.shots if shot.caption]
    if "caption" in seen and len(captions) == 1 and len(captions[0]) <= 16:
        found.append(_value(rng, _CAPTION, captions[0], "图上的字", wrong))
    if "author" in seen:
        found.append(_value(rng, _AUTHOR, post.author, "作者", wrong))
    if "place" in seen:
        found.append(_value(rng, _PLACE, post.place, "地点", wrong))
    likes = dict(post.counts).get("likes", "")
    if "likes" in seen and re.fullmatch(r"\d+", likes):
        found.append(_value(rng, _LIKES, likes, "点赞数", wrong))
    return [claim for claim in found if claim]


@dataclass(frozen=True)
class Matched:
    """A text beside the picture, and whether it fits."""

    text: str
    verdict: MatchVerdict
    conflict: str | None
    reason: str


def matched(rng: random.Random, post: Post, seen: frozenset[str]) -> Matched | None:
    """A text of one to three phrases that fits, contradicts or goes beyond what is seen."""
    rights = _claims(rng, post, seen, wrong=False)
    if not rights:
        return None
    rng.shuffle(rights)
    kept = rights[: rng.choice((1, 1, 2))]
    point = rng.random()
    told: _Claim | None = None
    if point < 0.42:
        wrongs = _claims(rng, post, seen, wrong=True)
        told = rng.choice(wrongs)
        kept = [claim for claim in kept if claim.topic != told.topic][:1]
    elif point < 0.6:
        priced = any("元" in words for words in (post.text, *(shot.caption for shot in post.shots)))
        told = _unshown(rng, rng.choice([kind for kind in _UNSHOWN if kind != "cost" or not priced]))
        kept = kept[:1]
    phrases = [*kept, *([told] if told else [])]
    rng.shuffle(phrases)
    text = rng.choice(_JOINS).join(claim.text for claim in phrases) + rng.choice(_ENDS)
    if told is None:
        return Matched(text, MatchVerdict.FITS, None, kept[0].reason)
    if told.truth is None:
        return Matched(text, MatchVerdict.UNKNOWN, None, told.reason)
    return Matched(text, MatchVerdict.CONFLICTS, told.words, told.reason)


def fits(post: Post, seen: frozenset[str]) -> Asker:
    """Does this text fit this picture?"""

    def asker(scene: Scene) -> Question | None:
        rng, told = scene.rng, matched(scene.rng, post, seen)
        if told is None:
            return None
        asked = rng.choice(_ASKED).format(t=told.text.rstrip("。~！"))
        asked += rng.choice(("？", "？", "?", "")) if asked[-1] not in "？?" else ""
        forms = {MatchVerdict.FITS: _FITS, MatchVerdict.CONFLICTS: _CONFLICTS, MatchVerdict.UNKNOWN: _UNKNOWN}
        answer = rng.choice(forms[told.verdict]).format(r=told.reason, c=told.conflict)
        forbidden = ("不一致", "无法判断") if told.verdict is MatchVerdict.FITS else ()
        return Question("match", asked, answer, (told.verdict.value,), forbidden=forbidden)

    return asker


def task(post: Post, seen: frozenset[str]) -> Asker:
    """The same by the task's own instruction."""

    def asker(scene: Scene) -> Question | None:
        told = matched(scene.rng, post, seen)
        if told is None:
            return None
        result = MatchResult(verdict=told.verdict, conflict=told.conflict, reasons=[told.reason])
        return Question("task", MATCH.instruct(text=told.text), written(result), task=MATCH.name)

    return asker
