"""How answers are compared with the truth."""

from __future__ import annotations

import pytest

from kantu.tasks.builtin import ASK, EXTRACT, LOCATE, READ
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth

BOX = Truth('[{"bbox_2d": [0, 0, 100, 100], "label": "按钮"}]')


@pytest.mark.parametrize(
    ("task", "truth", "answered", "score"),
    [
        (ASK, Truth("待商家发货", ("待商家发货",)), "订单目前是“待商家发货”。", 1.0),
        (ASK, Truth("待商家发货", ("待商家发货",)), "已经发出", 0.0),
        (ASK, Truth("2026-01-03 14:22", ("2026-01-03 14:22",)), "2026-01-0314:22", 1.0),
        (ASK, Truth("¥12.50", ("12.50",)), "实付￥１２.５０元", 1.0),
        (ASK, Truth("3只", ("3",)), "图里有三只猫。", 1.0),
        (ASK, Truth("3只", ("3",)), "十三只", 0.0),
        (ASK, Truth("3只", ("3",)), "第三只", 0.0),
        (ASK, Truth("3只", ("3",)), "13只", 0.0),
        (ASK, Truth("2位", ("2",)), "两位", 1.0),
        (ASK, Truth("21行", ("21",)), "二十一行", 1.0),
        (ASK, Truth("1个", ("1",)), "一共4个", 0.0),
        (ASK, Truth("64.00元", ("64",)), "64.00元", 1.0),
        (ASK, Truth("三行"), "三行", 1.0),
        (ASK, Truth("三行"), "两行", 0.0),
        (ASK, Truth("图中没有显示快递单号", absent=True), "图里没有写快递单号。", 1.0),
        (ASK, Truth("图中没有显示快递单号", absent=True), "20260103", 0.0),
        (EXTRACT, Truth('{"a": "1", "b": "2"}'), '{"a": "1", "b": "3"}', 0.5),
        (EXTRACT, Truth('{"a": "1"}'), "a 是 1", 0.0),
        (EXTRACT, Truth('{"a": "1"}'), '["a"]', 0.0),
        (LOCATE, BOX, '[{"bbox_2d": [0, 0, 100, 60]}]', 1.0),
        (LOCATE, BOX, '[{"bbox_2d": [60, 0, 160, 100]}]', 0.0),
        (LOCATE, BOX, "在下面", 0.0),
        (LOCATE, Truth("图中没有这个按钮", absent=True), "没有找到“退款”按钮", 1.0),
        (LOCATE, Truth("图中没有这个按钮", absent=True), BOX.answer, 0.0),
        (READ, Truth("甲乙丙丁"), "甲乙丙", 0.75),
        (READ, Truth("甲乙"), "子丑寅卯辰巳", 0.0),
    ],
)
def test_an_answer_is_scored_by_the_rule_of_its_task(task: Task, truth: Truth, answered: str, score: float) -> None:
    assert task.score(truth, answered) == pytest.approx(score)
