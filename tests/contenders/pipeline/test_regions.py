"""What stands in the part of a picture that a question names."""

from __future__ import annotations

import pytest

from kantu.contenders.pipeline.regions import named_region, told_region
from kantu.contenders.pipeline.seen import SeenElement
from tests.contenders.pipeline.recorded import line, picture


@pytest.mark.parametrize(
    ("question", "region"),
    [
        ("[120, 40, 600, 90]这个框里的字是什么", (120, 40, 600, 90)),
        ("界面上 [500, 250] 这一点是什么控件？", (500, 250)),
        ("读出区域（1，2，3，4）里的字", (1, 2, 3, 4)),
        ("订单号是多少", None),
        ("[1, 2, 3]是什么", None),
        ("[2024, 12, 30, 11]是哪天", None),
    ],
)
def test_a_box_or_a_point_is_found_in_a_question(question: str, region: tuple[int, ...] | None) -> None:
    assert named_region(question) == region


def test_a_box_holds_whole_lines_row_by_row() -> None:
    lines = [line("实付款", 20, 80), line("35元", 240, 80), line("订单号", 20, 120), line("页脚", 20, 700)]
    assert told_region((0, 80, 1000, 200), picture(lines)) == "实付款 35元\n订单号"


def test_a_box_may_hold_some_characters_of_a_line() -> None:
    lines = [line("待付款订单", 100, 80)]  # each character is 20 of 400 pixels wide: 50 thousandths
    assert told_region((350, 95, 450, 130), picture(lines)) == "款订"


def test_a_box_that_is_an_element_tells_it() -> None:
    lines = [line("付款", 240, 80)]
    button = SeenElement("button", (220, 70, 300, 110), "红", text="付款", lines=(0,))
    assert told_region((550, 88, 750, 137), picture(lines, button)) == "付款\n〔按钮，红底〕付款"


def test_a_point_tells_the_smallest_element_around_it_and_the_nearest_line() -> None:
    lines = [line("夜间模式", 20, 80), line("消息通知", 20, 140)]
    card = SeenElement("card", (10, 70, 390, 170), "白", lines=(0, 1))
    switch = SeenElement("switch", (340, 140, 380, 160), "绿", "on", label="消息通知")
    assert told_region((900, 187), picture(lines, card, switch)) == "〔开关，开，绿色〕消息通知\n消息通知"


def test_nothing_stands_in_an_empty_part() -> None:
    assert told_region((0, 500, 1000, 600), picture([line("付款", 240, 80)])) == ""
