"""Questions about pictures that show no page and nothing by name: whatever is asked, the answer says so."""

from __future__ import annotations

import json
import random
from functools import cache
from importlib import resources

from kantu.synth.page import Question
from kantu.synth.words import vocabulary
from kantu.synth.words.lexicon import sections
from kantu.synth.words.pictures import pictured
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import EXTRACT, ORDER, READ
from kantu.tasks.results import OrderResult, written

_NOUN = (
    "[图里|图中|图上|这张图里|]{x}[是什么|是多少|写的什么|呢|]",
    "[读|写|抄|找|报]一下{x}",
    "{x}[在哪|在哪里|是哪个|发我|给我|]",
    "[我想知道|看看|告诉我|查一下]{x}",
    "[能|能不能]看到{x}[吗|]",
    "[把|将]{x}[抄下来|念出来|写出来]",
    "[有没有|有][写|显示]{x}",
    "{x}[，只写答案|，直接说]",
)
_ANSWERS = (
    "图里没有文字，看不到{x}。", "图[里|中]没有{x}。", "没有看到{x}，图里没有文字。", "图里没有写{x}。",
    "图中没有文字，无法回答。",
    "这张图里没有{x}。", "没有{x}，图上没有文字。", "看不到{x}，图里没有可读的文字。", "图里没有这个内容。",
    "没有显示{x}。",
)  # fmt: skip
_NO_SUCH = ("图[里|中]没有{x}。", "没有看到{x}。", "没有{x}。", "没有，图里没有{x}。", "这张图里没有{x}。")
_VAGUE = (
    "[这是什么|这是啥|讲讲这张图|帮我看看|看一下|描述一下|说说这个|图里有什么|什么情况|总结一下|这图啥意思|？]",
    "[这张图|图片|画面][讲了什么|是什么内容|说的啥|怎么回事]",
    "[解释|说明|分析|介绍]一下[这张|这个|]图",
)
_VAGUE_ANSWERS = (
    "这张图里没有文字。",
    "图里没有文字，说不出更多。",
    "没有可读的文字，像是一张照片。",
    "图中没有文字，看不出是什么。",
)
_READ = (
    "[识别|抄下|写出|读出|转写|念一下][图里|图中|图上|][所有|全部|]的[文字|字]", "[逐行|从上到下]读出图[里|中]的字",
    "[图里|图上]都写了什么", "[提取|导出][图中|]文字",
)  # fmt: skip
_READ_ANSWERS = ("图里没有文字。", "图中没有文字。", "没有文字。", "这张图里没有可读的文字。")


_BEFORE = "[|||图里|图上|这张图里|截图里|看图，]"
_AFTER = "[|||呀|啊|呢|来着]"
_UNSEEN = frozenset(("动物", "水果", "食物", "车", "乐器", "衣物", "电器"))
"""Categories of things of which none is ever part of a backdrop."""


@cache
def _asked() -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The nouns of `asked.txt`, and its whole questions with what each is about."""
    text = resources.files("kantu.synth.families.photo").joinpath("asked.txt").read_text("utf-8")
    found = sections(text)
    nouns = tuple(" ".join(found["noun"]).split())
    pairs = (line.split("|") for line in found["whole"])
    return nouns, tuple((core.strip(), about.strip()) for core, about in pairs)


def _denied(kind: str, asked: str, answer: str, task: str = "ask") -> Question:
    return Question(kind, asked, answer, task=task, absent=True)


def _whole(rng: random.Random) -> Question:
    core, about = rng.choice(_asked()[1])
    thing = rng.choice([each for each in pictured() if _UNSEEN.intersection(each.categories)])
    slots = {"w": rng.choice((vocabulary.word(rng), vocabulary.label(rng))), "p": vocabulary.person(rng),
             "n": rng.choice("一二三四五12345"), "a": thing.name, "m": thing.measure}  # fmt: skip
    forms = _NO_SUCH if "{a}" in core else _ANSWERS
    answer = told(rng, forms, x=about.format(**slots))
    return _denied("unanswerable", worded(rng, (f"{_BEFORE}{core}{_AFTER}",), **slots), answer)


def _record(rng: random.Random) -> Question:
    keys = rng.sample(_asked()[0], rng.randint(2, 4))
    answer = json.dumps(dict.fromkeys(keys), ensure_ascii=False)
    return Question("record", EXTRACT.instruct(keys="、".join(keys)), answer, task=EXTRACT.name)


def _order(rng: random.Random) -> Question:
    """The task that shops ask of whatever their buyers send."""
    result = OrderResult(
        status=None,
        status_text=None,
        order_number=None,
        tracking_number=None,
        amount=None,
        happening=rng.choice(("图里没有订单。", "这不是订单截图。", "图中没有订单信息。")),
        advice=rng.choice(("请买家重新发订单截图。", "请买家发订单详情的截图。")),
        reply=rng.choice(("亲，图里没有看到订单，麻烦发一下订单截图。", "您好，图中没有订单信息，请发订单截图。")),
    )
    return Question("task", ORDER.instruct(), written(result), task=ORDER.name)


def question(rng: random.Random) -> Question:
    """Something that this picture does not answer."""
    kind = rng.random()
    if kind < 0.12:
        return _denied("vague", worded(rng, _VAGUE), rng.choice(_VAGUE_ANSWERS))
    if kind < 0.2:
        asked = READ.instruct() if rng.random() < 0.3 else worded(rng, _READ)
        return _denied("transcribe", asked, rng.choice(_READ_ANSWERS), READ.name)
    if kind < 0.26:
        return _record(rng)
    if kind < 0.29:
        return _order(rng)
    if kind < 0.7:
        return _whole(rng)
    noun = rng.choice(_asked()[0])
    return _denied("unanswerable", worded(rng, _NOUN, x=noun), told(rng, _ANSWERS, x=noun))
