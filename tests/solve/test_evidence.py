"""Boxes snap to printed words, and what is not printed is told."""

from __future__ import annotations

import pytest

from kantu.solve.evidence import snap, unverified_numbers, verified
from kantu.solve.reader import PrintedLine


def line(text: str, x: int, y: int) -> PrintedLine:
    """A line 20 pixels high, each character 20 wide."""
    return PrintedLine(text, (x, y, x + 20 * len(text), y + 20), 0.95)


ORDER = (
    line("待商家发货", 0, 0),
    line("商品总价", 0, 100),
    line("一百元整", 300, 100),
    line("实付款", 0, 200),
    line("一百元整", 300, 200),
    line("收货地址", 0, 300),
    line("浙江省杭州市西湖区", 100, 300),
    line("文三路东部软件园", 100, 330),
)


def test_a_rough_box_snaps_to_the_words_it_means() -> None:
    assert snap([(310, 190, 370, 215)], "一百元整", ORDER) == ((300, 200, 380, 220),)
    assert snap([(290, 80, 400, 110)], "一百元整", ORDER) == ((300, 100, 380, 120),)


def test_a_wrong_box_moves_to_where_the_value_is() -> None:
    assert snap([(900, 900, 950, 950)], "待商家发货", ORDER) == ((0, 0, 100, 20),)


def test_a_value_without_a_box_gets_one_where_only_one_place_is_possible() -> None:
    assert snap([], "待商家发货", ORDER) == ((0, 0, 100, 20),)
    assert snap([], "一百元整", ORDER) == ()


def test_a_value_over_two_lines_has_two_boxes() -> None:
    address = "杭州市西湖区文三路"
    assert snap([(100, 300, 300, 350)], address, ORDER) == ((160, 300, 280, 320), (100, 330, 160, 350))


def test_a_misread_value_is_found_where_it_nearly_stands() -> None:
    assert snap([], "待商家友货", ORDER) == ((0, 0, 100, 20),)
    assert not verified("待商家友货", ORDER)


def test_boxes_of_what_is_not_printed_stay_as_they_are() -> None:
    boxes = ((1, 2, 3, 4), (5, 6, 7, 8))
    assert snap(boxes, "不存在的文字", ORDER) == boxes
    assert snap(boxes, "待商家发货", ()) == boxes


RECEIPT = (
    line("订单编号 2026110388421", 0, 0),
    line("单价 ¥79.90 数量 x2", 0, 30),
    line("合计 ¥159.80", 0, 60),
    line("下单时间 2026-11-03 09:05", 0, 90),
    line("承运 SF1020304050607", 0, 120),
)


@pytest.mark.parametrize("value", ["2026110388421", "79.9", "¥159.80", "2件", "sf1020304050607", "单价", "合计"])
def test_what_is_printed_is_verified(value: str) -> None:
    assert verified(value, RECEIPT)


@pytest.mark.parametrize("value", ["2026110388427", "79.0", "¥159.81", "3件", "SF1020304050601", "SE1020304050607"])
def test_a_wrong_digit_or_letter_is_not_verified(value: str) -> None:
    assert not verified(value, RECEIPT)


def test_numbers_and_quoted_labels_of_prose_that_are_not_printed_are_told_once_in_order() -> None:
    prose = "您的订单 2026110388421 显示“待发货”，实付 159.80 元，比 169 便宜；“合计”不变，“待发货”的 SF1020304050608。"
    assert unverified_numbers(prose, RECEIPT) == ("待发货", "169", "SF1020304050608")


def test_what_is_given_with_the_picture_is_known() -> None:
    prose = "“包邮”的 15 件，不是 7 件，合计 159.80 元"
    assert unverified_numbers(prose, RECEIPT, ["包邮的有15件吗", "其他17"]) == ("7",)
    assert unverified_numbers(prose, RECEIPT) == ("包邮", "15", "7")


def test_dates_may_be_written_otherwise_than_they_are_printed() -> None:
    assert unverified_numbers("2026年11月3日9点05分，即 2026/11/3 9:05 下单。", RECEIPT) == ()
    assert unverified_numbers("2026/11/4", RECEIPT) == ("2026/11/4",)


def test_the_numbers_of_a_list_are_no_claims() -> None:
    assert unverified_numbers("1. 先联系商家\n2、再申请退款\n7) 单价79.9", RECEIPT) == ()
    assert unverified_numbers("7.5折", RECEIPT) == ("7.5",)


def test_prose_without_numbers_claims_nothing() -> None:
    assert unverified_numbers("商家还没有发货，请耐心等待。", RECEIPT) == ()
