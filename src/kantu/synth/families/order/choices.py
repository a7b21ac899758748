"""Choices about an order whose words stand nowhere on the page: 已发货 or 未发货, 付了 or 没付."""

from __future__ import annotations

from dataclasses import dataclass

from kantu.synth.ask.scene import Scene
from kantu.synth.page import Question

_BEFORE = frozenset({"unpaid", "unshipped"})
_ON_THE_WAY = frozenset({"shipped", "arriving"})
_THERE = frozenset({"received", "done"})
_ENDED = frozenset({"cancelled"})
_IN_USE = _BEFORE | _ON_THE_WAY | _THERE


@dataclass(frozen=True)
class _Choice:
    """Questions answered by one of two wordings: `yes` in the states of `true`, `no` in those of `false`."""

    asked: tuple[str, ...]
    true: frozenset[str]
    false: frozenset[str]
    wordings: tuple[tuple[str, str], ...]


_CHOICES = (
    _Choice(
        ("发货了吗？", "发货了没有？", "货发了吗", "商家发货了吗？", "这单发货了吗？", "东西发出来了吗？"),
        _ON_THE_WAY | _THERE,
        _BEFORE,
        (("已发货", "未发货"), ("已经发货", "还没发货"), ("发了", "没发"), ("是", "否"), ("发货了", "没有发货")),
    ),
    _Choice(
        ("付款了吗？", "钱付了没？", "这单付过钱了吗？", "买家付款了吗？"),
        _IN_USE - {"unpaid"},
        frozenset({"unpaid"}),
        (("已付款", "未付款"), ("付了", "没付"), ("已经付款", "还没付款"), ("是", "否")),
    ),
    _Choice(
        ("收到货了吗？", "货到了吗？", "签收了吗？", "东西送到了没？"),
        _THERE,
        _BEFORE | _ON_THE_WAY,
        (("已收货", "未收货"), ("到了", "没到"), ("已签收", "未签收"), ("是", "否")),
    ),
    _Choice(
        ("订单取消了吗？", "这单是不是取消了？", "订单还有效吗？取消没有？"),
        _ENDED,
        _IN_USE,
        (("已取消", "未取消"), ("取消了", "没取消"), ("是", "否")),
    ),
)
_LISTED = (
    "{q}（{a}/{b}）",
    "{q}只回答“{a}”或“{b}”。",
    "{q}选一个：{a}，{b}",
    "{q} {a}还是{b}？",
    "{q}\n选项：{a}、{b}",
)


def choice(category: str, scene: Scene) -> Question | None:
    """One of two wordings, both named in the question, as the whole answer; None where neither is true.

    A question that names no options is answered with the state as the page words it, never with a bare yes or no.
    """
    rng = scene.rng
    known = [each for each in _CHOICES if category in each.true | each.false]
    if not known or scene.page.fields.get("status") is None:
        return None
    chosen = rng.choice(known)
    yes, no = rng.choice(chosen.wordings)
    answer = yes if category in chosen.true else no
    first, second = rng.sample((yes, no), 2)
    question = rng.choice(_LISTED).format(q=rng.choice(chosen.asked), a=first, b=second)
    return Question("choice", question, answer, (answer,))
