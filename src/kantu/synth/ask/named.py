"""Questions by what a value means: people ask 多少钱 where the page prints 到手价 or no label at all."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kantu.synth.ask.generic import Asker
from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Pair
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.synth.words.wording import worded
from kantu.tasks.builtin import EXTRACT, LOCATE

_VALUE = (
    *[
        "[|||图里|图中|图上|这里|页面上|截图里的|这张图的]{x}[是什么|是多少|是啥|写的什么|写的是什么|怎么写的|填的什么|显示什么]"
        "[|||呀|啊|呢]",
        "[|||图里|图中|图上|这里]{x}[那一项|一栏|这项|那里][写着什么|是什么|填了啥|的内容是什么][|||呀|呢]",
    ]
    * 2,
    "[看看|读一下|念一下|找一下|报一下|写出|给出|说出|查一下|提取|抄下|认一下|核对一下][|图里的|图中的|这张图的]{x}",
    "[我|我就|我只][想知道|要|需要|问的是|想看]{x}",
    "{x}[呢|在图上写的是什么|具体是什么|究竟是什么|有写吗，是什么|麻烦读一下|帮我抄下来|念给我听]",
    "[能不能|可以|能]告诉我{x}[|是什么|是多少]",
)
_WHOLE = "[||||图里|图上|截图里|这里|看图，|照图上说，|按图里写的，]<x>[||||呀|啊|呢|来着]"
_TERSE = (
    "{x}",
    "{x}？",
    "{x}是？",
    "只要{x}",
    "{x}，只写答案",
    "{x}：",
    "读{x}",
    "抄{x}",
    "{x}是啥",
    "{x}给我",
    "报一下{x}",
)
_SENTENCES = ("{v}", "{v}", "{v}", "{v}", "{v}", "是{v}。", "图上写着{v}。", "{x}是{v}。", "{x}：{v}")
_ABSENT = (*say.UNANSWERABLE, "图里看不到{x}。", "图中没有写明{x}。", "没写{x}，无法回答。", "图片没有显示{x}。")
_RECORD = (
    "提取{x}，写成JSON", "用JSON写出{x}，没有的写null", "把{x}抽出来，JSON格式", "输出JSON：{x}",
        "字段：{x}。返回JSON，缺的填null",
    "整理出{x}（JSON）", "给我一个JSON，键是{x}", "抽取字段{x}，图里没有就null",
)  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """What people call a value, and whole questions that ask for it."""

    nouns: tuple[str, ...]
    asked: tuple[str, ...] = ()


Meanings = Mapping[str, Meaning]
"""By `Pair.name`."""


def read_meanings(text: str) -> Meanings:
    """What lines such as "name | nouns | questions" say of each value, by its name."""
    found: dict[str, Meaning] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, nouns, asked = line.split("|")
            found[name.strip()] = Meaning(tuple(nouns.split()), tuple(asked.split()))
    return MappingProxyType(found)


def wording(rng: random.Random, meaning: Meaning) -> str:
    """One of some thousands of ways to ask for it."""
    noun = rng.choice(meaning.nouns)
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(_TERSE).format(x=noun)
    if kind < 0.6 and meaning.asked:
        return worded(rng, tuple(_WHOLE.replace("<x>", core) for core in meaning.asked))
    return worded(rng, _VALUE, x=noun)


def known(scene: Scene, meanings: Meanings) -> dict[str, Pair]:
    """The page's values that have a meaning here, where the page says no two things of that meaning."""
    found: dict[str, list[Pair]] = {}
    for pair in scene.facts(Pair):
        if pair.name in meanings:
            found.setdefault(pair.name, []).append(pair)
    return {name: pairs[0] for name, pairs in found.items() if len({pair.value for pair in pairs}) == 1}


def field(meanings: Meanings) -> Asker:
    """A value by what it means."""

    def asker(scene: Scene) -> Question | None:
        rng, pairs = scene.rng, known(scene, meanings)
        if not pairs:
            return None
        name = rng.choice(tuple(pairs))
        noun, value = meanings[name].nouns[0], pairs[name].value
        answer = rng.choice(_SENTENCES).format(x=noun, v=value)
        return Question("field", wording(rng, meanings[name]), answer, (value,))

    return asker


def missing(meanings: Meanings) -> Asker:
    """Something such pages often show, and this one does not."""

    def asker(scene: Scene) -> Question | None:
        rng = scene.rng
        shown = {pair.name for pair in scene.facts(Pair)}
        absent = [
            name for name, meaning in meanings.items() if name not in shown and not any(map(scene.shown, meaning.nouns))
        ]
        if not absent:
            return None
        meaning = meanings[rng.choice(absent)]
        answer = rng.choice(_ABSENT).format(x=meaning.nouns[0])
        return Question("unanswerable", wording(rng, meaning), answer, absent=True)

    return asker


def record(meanings: Meanings, nullable: Iterable[str]) -> Asker:
    """Some values by meaning as JSON, null for one of `nullable` that the page does not show."""

    def asker(scene: Scene) -> Question | None:
        rng, pairs = scene.rng, known(scene, meanings)
        shown = {pair.name for pair in scene.facts(Pair)}
        absent = [
            n for n in nullable if n in meanings and n not in shown and not any(map(scene.shown, meanings[n].nouns))
        ]
        if len(pairs) < 2:
            return None
        names = rng.sample(tuple(pairs), min(len(pairs), rng.randint(2, 4)))
        if absent and rng.random() < 0.4:
            names.insert(rng.randint(0, len(names)), rng.choice(absent))
        keys = {rng.choice(meanings[name].nouns): pairs[name].value if name in pairs else None for name in names}
        answer = json.dumps(keys, ensure_ascii=False)
        listed = "、".join(keys)
        asked = EXTRACT.instruct(keys=listed) if rng.random() < 0.35 else rng.choice(_RECORD).format(x=listed)
        return Question("record", asked, answer, task=EXTRACT.name)

    return asker


_WHERE = (
    "{x}在哪",
    "{x}写在哪里",
    "框出{x}",
    "{x}的位置",
    "找到{x}并框出来",
    "用框标出{x}",
    "{x}在图的什么位置",
    "定位{x}",
)


def box(meanings: Meanings) -> Asker:
    """Where a value stands, asked for by its meaning."""

    def asker(scene: Scene) -> Question | None:
        rng, places = scene.rng, []
        for name, pair in known(scene, meanings).items():
            lines = [line for line in scene.page.lines if line.name == pair.key and line.text == pair.value]
            if len(lines) == 1:
                places.append((name, lines[0]))
        if not places:
            return None
        name, line = rng.choice(places)
        noun = rng.choice(meanings[name].nouns)
        answer = json.dumps([{"bbox_2d": scene.relative(line.box), "label": line.text}], ensure_ascii=False)
        by_task = rng.random() < 0.25
        asked = LOCATE.instruct(target=noun) if by_task else worded(rng, _WHERE, x=noun)
        return Question("box", asked, answer, task=LOCATE.name)

    return asker
