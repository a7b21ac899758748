"""What people ask of a notice: when, where, who, how much; how long it lasts; whether it may be put up."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kantu.synth.ask import fields, named, places, texts, verdicts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.named import Meaning, Meanings
from kantu.synth.ask.scene import Scene
from kantu.synth.ask.verdicts import Judgement
from kantu.synth.facts import Listing, Marked, Pair
from kantu.synth.families.notice.record import Sentence
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.synth.words.wording import worded

MEANINGS = {
    "day": Meaning(("日期", "时间", "开始日期"), ("是哪一天", "哪天", "什么时候的事", "从哪天开始", "几月几号",
        "定在哪天")),
    "deadline": Meaning(("截止日期", "截止时间", "最后期限"), ("最晚哪天", "什么时候截止", "到哪天为止",
        "最迟什么时候", "哪天前要办好")),
    "start": Meaning(("开始时间", "起始时间"), ("几点开始", "从几点开始", "几点钟到", "最早几点")),
    "end": Meaning(("结束时间",), ("几点结束", "到几点", "几点完", "什么时候恢复")),
    "place": Meaning(("地点", "地址", "位置"), ("在哪里", "去哪儿", "在什么地方", "要到哪里去", "地方在哪")),
    "fee": Meaning(("费用", "金额", "价钱"), ("多少钱", "要交多少", "收多少钱", "几块钱", "一共多少元")),
    "phone": Meaning(("电话", "联系电话", "电话号码"), ("打哪个电话", "联系方式是多少", "号码多少", "电话打哪个")),
    "head": Meaning(("联系人", "负责人"), ("找谁", "联系谁", "谁负责", "该问谁")),
    "quantity": Meaning(("名额", "数量"), ("有多少个", "一共多少", "有几个名额", "涉及多少")),
    "subject": Meaning(("主题", "事项"), ("主题是什么", "关于哪件事", "围绕什么主题")),
    "company": Meaning(("单位", "公司"), ("哪家单位", "是哪个公司", "哪家在做")),
    "product": Meaning(("物品", "商品"), ("是什么东西", "什么商品", "说的是哪样东西")),
    "job": Meaning(("岗位", "职位"), ("招什么人", "招的是什么岗位", "要招什么工种")),
    "lesson": Meaning(("科目", "学科"), ("是哪一科", "什么科目的作业", "哪门课")),
    "page": Meaning(("页码",), ("做第几页", "练习册哪几页", "从第几页到第几页")),
    "teacher": Meaning(("老师",), ("哪个老师", "老师姓什么", "有问题问哪位老师")),
    "code": Meaning(("编号", "提取码"), ("编号多少", "号码是哪一串")),
    "days": Meaning(("天数",), ("一共几天", "共多少天", "放几天", "休息几天")),
    "sender": Meaning(("落款", "发布单位", "发布人"), ("谁发的", "哪里发的通知", "落款是谁", "谁写的")),
    "issued": Meaning(("发布日期", "落款日期"), ("什么时候发的", "哪天发布的", "落款写的哪天")),
}  # fmt: skip
_SPAN = (
    "从头到尾一共几天",
    "首尾都算，共几天",
    "从开始到截止有多少天",
    "总共持续几天",
    "前后一共多少天（含首尾）",
    "算上头尾是几天",
)
_SPAN_ANSWERS = ("{v}天", "{v}天。", "一共{v}天。", "共{v}天", "{v}", "首尾都算是{v}天。")
_ITEMS = ("一共列了几条", "有几条要求", "通知有几条", "列出了多少条", "分几点说的", "一共几点")
_ITEM_ANSWERS = ("{v}条", "{v}", "一共{v}条。", "有{v}条")
_ABOUT = (
    "这是什么通知",
    "讲了什么",
    "这张图说的什么事",
    "通知的标题是什么",
    "是关于什么的",
    "概括一下",
    "图里是什么",
    "这写的啥",
)
_ABOUT_ANSWERS = ("{v}", "{v}。", "标题是“{v}”。", "是“{v}”。", "写的是{v}。")


_HALVES = (
    "{a}还是{b}开始",
    "开始时间是{a}还是{b}",
    "{a}开始，还是{b}开始",
    "开始得早吗，{a}还是{b}",
    "从{a}还是{b}开始",
)
_MAY_BE_MISSING = ("phone", "fee", "place", "deadline", "quantity", "end", "issued")
_MISTAKEN = {
    "place": ("place",),
    "date": ("day", "deadline", "issued"),
    "clock": ("start", "end"),
    "money": ("fee",),
    "n": ("fee",),
    "number": ("fee",),
    "tel": ("phone",),
    "contact": ("phone",),
    "id": ("phone",),
    "digits": ("phone",),
    "person": ("head", "teacher"),
    "goods": ("product",),
    "few": ("quantity",),
}
"""What else of a notice a value of that kind could be taken for."""


def _about(scene: Scene) -> Question | None:
    titles = [fact.text for fact in scene.facts(Marked) if fact.what == "title"]
    if not titles:
        return None
    answer = scene.rng.choice(_ABOUT_ANSWERS).format(v=titles[0])
    return Question("vague", worded(scene.rng, _ABOUT), answer, (titles[0],))


def _items(scene: Scene) -> Question | None:
    counted = [fact for fact in scene.facts(Listing) if fact.noun == "条款"]
    if not counted:
        return None
    number = str(len(counted[0].rows))
    answer = scene.rng.choice(_ITEM_ANSWERS).format(v=number)
    return Question("count", worded(scene.rng, _ITEMS), answer, (number,))


def _span(days: int) -> Asker:
    """From the first day to the last, both counted, where the number is not shown itself; never without days."""

    def asker(scene: Scene) -> Question | None:
        shown = {pair.name for pair in scene.facts(Pair)}
        if not days or "days" in shown:
            return None
        answer = scene.rng.choice(_SPAN_ANSWERS).format(v=days)
        return Question("arithmetic", worded(scene.rng, _SPAN), answer, (str(days),))

    return asker


def _choice(scene: Scene) -> Question | None:
    """Before noon or after, with fee or without: told by what is shown, in words that may stand nowhere."""
    rng, pairs = scene.rng, named.known(scene, MEANINGS)
    clock = pairs["start"].value if "start" in pairs else ""
    if not clock or "午" in clock:
        return None
    hour = int(clock.replace("点", ":").split(":")[0])
    if hour == 12:
        return None
    right, wrong = ("上午", "下午") if hour < 12 else ("下午", "上午")
    if hour >= 18:
        right, wrong = "晚上", "上午"
    first, second = rng.sample((right, wrong), 2)
    asked = worded(rng, _HALVES, a=first, b=second)
    answer = rng.choice(("{v}", "{v}。", "是{v}。")).format(v=right)
    return Question("choice", asked, answer, (right,))


def _clear(shown: Sequence[Sentence]) -> Meanings:
    """What can be asked for without being taken for something else that the notice says."""
    others = {kind for sentence in shown for kind in sentence.others}
    doubtful = {name for kind in others for name in _MISTAKEN.get(kind, ())}
    return {name: meaning for name, meaning in MEANINGS.items() if name not in doubtful}


def askers(judgement: Judgement, shown: Sequence[Sentence], days: int) -> Weighted:
    """All that is asked of a notice with these sentences; `days` is from its first day to its last."""
    clear = _clear(shown)
    spans = any({"day", "deadline"} <= set(sentence.values) for sentence in shown)
    return (
        (named.field(clear), 7.0),
        (verdicts.verdict(judgement), 2.5),
        (named.missing({name: clear[name] for name in _MAY_BE_MISSING if name in clear}), 1.4),
        (named.record(clear, _MAY_BE_MISSING), 1.0),
        (named.box(clear), 1.0),
        (_about, 0.9),
        (_items, 0.8),
        (_span(days if spans else 0), 4.0),
        (_choice, 0.8),
        (fields.value, 1.2),
        (fields.marked, 0.5),
        (places.at_box, 0.6),
        (places.where, 1.0),
        (places.relation("below", say.BELOW), 0.3),
        (texts.present, 0.4),
        (texts.edge_row, 0.3),
        (texts.transcribe_line, 0.8),
        (texts.transcribe_card, 0.3),
        (texts.transcribe_page, 0.6),
    )


def first(rng: random.Random, judgement: Judgement) -> tuple[Asker, ...]:
    """What is asked of every notice, and the task in one of three."""
    return (verdicts.verdict(judgement), *([verdicts.task(judgement)] if rng.random() < 0.35 else []))
