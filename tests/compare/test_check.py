"""The hybrid flags what our answer states and nobody has read in the picture."""

from __future__ import annotations

from kantu.compare.check import is_unverified
from kantu.tasks.builtin import EXTRACT, LOCATE, ORDER
from tests.compare.fakes import line
from tests.evaluation.asked import item

LINES = [line("实付款 128.50"), line("订单号 CQ-55209", 40)]


def test_numbers_of_prose_are_looked_up() -> None:
    assert not is_unverified(item(), "一共128.50元", LINES)
    assert is_unverified(item(), "一共128.60元", LINES)
    assert not is_unverified(item(), "已经发货了", LINES)


def test_what_the_question_says_is_known() -> None:
    assert not is_unverified(item("[12, 40, 80, 90]里写着什么？"), "12", LINES)
    assert is_unverified(item("是15件吗？"), "只有5件", LINES)
    assert not is_unverified(item("是“待发货”吗？"), "不是“待发货”", LINES)


def test_of_records_those_texts_are_looked_up_that_stand_in_a_picture() -> None:
    record = item(task=EXTRACT)
    assert not is_unverified(record, '{"单号": "CQ-55209", "备注": null}', LINES)
    assert is_unverified(record, '{"单号": "CQ-55208"}', LINES)
    order = '{"status": "待发货", "order_number": "%s", "happening": "还没发货", "reply": "亲，明天发。"}'
    assert not is_unverified(item(task=ORDER), order % "CQ-55209", LINES)
    assert is_unverified(item(task=ORDER), order % "CQ-55208", LINES)


def test_boxes_cannot_be_looked_up() -> None:
    assert not is_unverified(item(task=LOCATE), '[{"bbox_2d": [1, 2, 3, 4], "label": "无"}]', LINES)
