"""Whether something may be shown: asked freely, and as the task `moderate`, of a picture with or without a text."""

from __future__ import annotations

import random
from dataclasses import dataclass

from kantu.synth.ask.generic import Asker
from kantu.synth.ask.scene import Scene
from kantu.synth.page import Question
from kantu.synth.words.moderation import CATEGORIES, UNCLEAR, Passage
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import MODERATE
from kantu.tasks.results import Category, ModerateResult, ModerateVerdict, Side, written

_IT = (
    *(
        "这条",
        "这个",
        "这",
        "这张图",
        "这份内容",
        "图里的内容",
        "这段话",
        "这则信息",
        "图上这些字",
        "上面的内容",
        "这东西",
        "",
        "",
    ),
    *(
        "这图",
        "这张截图",
        "图片内容",
        "这幅画面",
        "用户发的这张图",
        "投稿的这张图",
        "图中文字",
        "这篇",
        "它",
        "本图",
        "所示内容",
    ),
)
_ASKED = (
    "{it}[合规吗|合不合规|是否合规|算合规吗|合规不|合规么]",
    "{it}[违规吗|有没有违规|违不违规|算不算违规|违反规定了吗|有违规的地方吗]",
    "{it}[能发吗|能不能发|能发出去吗|可以发布吗|适合发布吗|能公开吗|发得出去吗]",
    "{it}[能过审吗|审核能通过吗|能不能过审|会被删吗|会不会被删|会被封吗|能留着吗]",
    "{it}[有问题吗|有没有问题|问题大吗|有毛病吗|要不要紧|安全吗]",
    "{it}[是合规还是违规|合规还是违规|属于合规还是违规]",
    "{it}[要不要拦|该拦吗|该放行吗|放行吗|要处理吗|需要下架吗|该不该删]",
    "[审核|审一下|审查|检查|核查|复核]{it}",
    "[判断|判定|看看|说说]{it}[是否合规|有没有违规|能不能发]",
    "[给|对]{it}[做个审核结论|下个结论|做出审核]",
    "{it}[符合社区规定吗|符合规定吗|符合平台规则吗|合乎规范吗]",
)
_WITH_TEXT = (
    *("{asked}，配的文字是“{text}”", "文字：“{text}”，配这张图，{asked}", "有人发了这张图，写着“{text}”，{asked}"),
    *("“{text}”加上这张图，{asked}", "图文一起看，{asked}文字是：{text}", "配文“{text}”。{asked}"),
    *("{asked}正文：{text}", "标题写“{text}”，配图如上，{asked}"),
)  # fmt: skip
_WHICH = (
    *("{it}属于哪类违规", "{it}违反了哪一条", "{it}是哪种违规", "违规类别是什么", "{it}犯了什么规",
        "{it}归到哪个违规类型"),
    *("{it}有什么问题", "{it}问题出在哪一类"),
)  # fmt: skip
_WHERE = (
    *("{it}哪句话有问题", "{it}违规的是哪几个字", "依据是什么", "{it}哪里不合规", "指出{it}违规的内容", "问题在哪句"),
    *("{it}哪部分该删", "把违规的原话找出来"),
)  # fmt: skip
_FINE = (
    "合规。",
    "合规，没有发现问题。",
    "合规，可以发布。",
    "内容合规。",
    "合规",
    "合规，没有要拦的内容。",
    "是合规的。",
)
_BAD = (
    "违规，{c}。",
    "违规，属于{c}。",
    "违规：{c}，“{e}”。",
    "违规，“{e}”是{c}。",
    "违规。类别：{c}。",
    "违规，涉及{c}。",
)
_REVIEW = ("需复核，“{e}”说得不清楚。", "需复核。", "需复核，要人工看一下。", "需复核，意思不明。")
_OPPOSITES = ("违规", "不合规", "需复核")


@dataclass(frozen=True)
class Judgement:
    """What is to be said of a picture, alone or beside `text`; `side` is where it breaks the rules."""

    passage: Passage
    side: Side = Side.PICTURE
    text: str = ""

    @property
    def verdict(self) -> ModerateVerdict:
        if not self.passage.category:
            return ModerateVerdict.FINE
        return ModerateVerdict.REVIEW if self.passage.category == UNCLEAR else ModerateVerdict.VIOLATES


def typed(judgement: Judgement) -> Question:
    """The task `moderate`, answered by its result."""
    passage, found = judgement.passage, judgement.passage.category
    result = ModerateResult(
        verdict=judgement.verdict,
        categories=[Category(found)] if found in CATEGORIES else [],
        side=judgement.side if found else None,
        evidence=list(passage.evidence[:3]),
    )
    instruction = MODERATE.instruct(text=judgement.text) if judgement.text else MODERATE.instruct()
    return Question("task", instruction, written(result), task=MODERATE.name)


def verdict(judgement: Judgement) -> Asker:
    """May this be shown? Now and then: what kind of breach, and which words."""

    def asker(scene: Scene) -> Question | None:
        rng, passage = scene.rng, judgement.passage
        if rng.random() < 0.3 and passage.category in CATEGORIES and not judgement.text:
            return _about(rng, passage)
        question = _asked(rng, judgement.text)
        evidence = passage.evidence[0] if passage.evidence else ""
        if judgement.verdict is ModerateVerdict.FINE:
            return Question("verdict", question, rng.choice(_FINE), ("合规",), forbidden=_OPPOSITES)
        if judgement.verdict is ModerateVerdict.REVIEW:
            return Question("verdict", question, rng.choice(_REVIEW).format(e=evidence), ("需复核",))
        answer = rng.choice(_BAD).format(c=passage.category, e=evidence)
        return Question("verdict", question, answer, ("违规",))

    return asker


def task(judgement: Judgement) -> Asker:
    """The same by the task's own instruction."""

    def asker(scene: Scene) -> Question | None:
        return typed(judgement)

    return asker


def _asked(rng: random.Random, text: str) -> str:
    it = rng.choice(_IT)
    if not text:
        return worded(rng, _ASKED, it=it)
    core = told(rng, _ASKED, it=it)
    end = rng.choice(("？", "？", "?", "。")) if rng.random() < 0.9 else "，"
    template = rng.choice(_WITH_TEXT)
    return template.format(asked=core + (end if not template.startswith("{asked}，") else ""), text=text)


def _about(rng: random.Random, passage: Passage) -> Question:
    it = rng.choice(_IT)
    if rng.random() < 0.5 or not passage.evidence:
        answer = rng.choice(("{c}", "{c}。", "属于{c}。", "是{c}。", "违规类别：{c}")).format(c=passage.category)
        return Question("verdict", worded(rng, _WHICH, it=it), answer, (passage.category,))
    evidence = passage.evidence[0]
    answer = rng.choice(("{e}", "“{e}”", "“{e}”这句。", "是“{e}”。")).format(e=evidence)
    return Question("verdict", worded(rng, _WHERE, it=it), answer, (evidence,))
