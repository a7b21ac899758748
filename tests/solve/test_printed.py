"""A text is found in printed lines however wide, spaced or broken it is, and never as part of another number."""

from __future__ import annotations

import pytest

from kantu.solve.printed import Box, Span, boxes_of, fold, near_places, places
from kantu.solve.reader import PrintedLine


def printed(*texts: str) -> list[PrintedLine]:
    """Lines under each other, 20 pixels high, a Chinese character 20 wide, with 10 pixels between them."""
    return [PrintedLine(text, (100, 30 * n, 100 + 20 * len(text), 30 * n + 20), 0.9) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("￥１２９．００", "实付款 ¥129.00 元"),
        ("1,234.50", "合计：1234.50"),
        ("12345", "库存 12,345 件"),
        ("138 0013 8000", "电话13800138000"),
        ("13800138000", "电话 138 0013 8000"),
        ("2026-11-03 10:05", "下单时间：2026-11-0310:05"),
        ("2026-11-03 10:05", "下单时间：2026—11—03  10：05"),
        ("10:05", "下单时间：2026-11-0310:05:31"),
        ("2026-11-03", "下单时间：2026-11-0310:05:31"),
        ("黑色；XL", "颜色尺码 黑色 xl"),
        ("WiFi", "WIFI"),
        ("3.5", "评分 3·5"),
        ("-3℃", "最低 −3°C"),
        ("-5℃", "10 -5℃"),
        ("-5℃", "-10~-5℃"),
        ("0-5℃", "气温 0 -5℃"),
        ("5", "x5"),
        ("3件", "×3"),
        ("1200 × 800", "尺寸 1200x800"),
        ("129元", "129.00"),
        ("8.5", "8.50"),
        ("1.2万元", "单位：万元 1.2"),
        ("6%", "税率 6 %"),
    ],
)
def test_the_form_in_which_it_is_printed_does_not_matter(text: str, line: str) -> None:
    assert places(text, printed("别的", line))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("12", "2012"),
        ("12", "123"),
        ("5", "3.5"),
        ("3", "3.5"),
        ("129", "1,129"),
        ("129", "129,000"),
        ("129.00", "129.50"),
        ("129.50", "129.5"),
        ("1629", "¥16 ¥29"),
        ("1234", "12 34"),
        ("35", "3~5"),
        ("-3", "3"),
        ("-5℃", "0-5℃"),
        ("-5", "0-5"),
        ("-8%", "5%-8%"),
        ("6%", "第6页"),
        ("O1", "01"),
        ("l2", "12"),
        ("SF123", "SE123"),
        ("张三丰", "张三"),
        ("…", "…"),
    ],
)
def test_what_is_printed_otherwise_is_not_found(text: str, line: str) -> None:
    assert places(text, printed(line)) == []


def test_each_place_is_told_in_characters_of_the_line() -> None:
    lines = printed("共 2 件", "2 件，每件 1,200 元")
    assert places("2件", lines) == [(Span(0, 2, 5),), (Span(1, 0, 3),)]
    assert places("1200", lines) == [(Span(1, 7, 12),)]


def test_a_text_may_go_on_in_the_line_below() -> None:
    lines = printed("地址：浙江省杭州市西湖区", "文三路 90 号", "东部软件园 3 楼", "电话 138")
    (place,) = places("浙江省杭州市西湖区文三路90号东部软件园3楼", lines)
    assert place == (Span(0, 3, 12), Span(1, 0, 8), Span(2, 0, 9))


def test_a_text_may_go_on_to_the_right_of_a_gap_or_past_another_column() -> None:
    row = [PrintedLine("订单编号", (0, 0, 80, 20), 0.9), PrintedLine("20261103", (200, 0, 300, 20), 0.9)]
    assert len(places("订单编号：20261103", row)) == 1
    columns = [
        PrintedLine("浙江省杭州市", (0, 0, 120, 20), 0.9),
        PrintedLine("江苏省南京市", (300, 0, 420, 20), 0.9),
        PrintedLine("西湖区", (0, 25, 60, 45), 0.9),
        PrintedLine("玄武区", (300, 25, 360, 45), 0.9),
    ]
    assert places("江苏省南京市玄武区", columns) == [(Span(1, 0, 6), Span(3, 0, 3))]
    assert places("浙江省杭州市玄武区", columns) == []


@pytest.mark.parametrize("below", ["文三路 90 号的", "文三路 9"])
def test_a_text_does_not_go_on_far_below_nor_in_another_number(below: str) -> None:
    assert bool(places("西湖区文三路9", printed("杭州市西湖区", below))) == (below == "文三路 9")
    assert places("西湖区文三路9", printed("杭州市西湖区", "", "", "", below)) == []


def test_a_part_of_a_line_is_cut_by_the_widths_of_characters() -> None:
    line = PrintedLine("实付款129.00", (0, 10, 300 + 330, 60), 0.9)
    (place,) = places("129.00", [line])
    assert boxes_of(place, [line]) == ((300, 10, 630, 60),)


def test_an_upright_line_is_cut_from_top_to_bottom() -> None:
    line = PrintedLine("春眠不觉晓", (0, 0, 30, 150), 0.9)
    (place,) = places("不觉晓", [line])
    assert boxes_of(place, [line]) == ((0, 60, 30, 150),)


def test_with_mistakes_it_is_found_where_there_are_fewest() -> None:
    lines = printed("收货人：恤烹阵志爵驼", "恤烹阵忘爵驼", "别的")
    assert near_places("恤烹阵志爵鸵", lines) == [(Span(0, 4, 10),)]
    assert near_places("恤烹阵", printed("恤烹振")) == []
    assert near_places("一二三四五六七八九", printed("一三三四四六七八九")) == []


@pytest.mark.parametrize("text", ["", "①²½", "½ﬁ１，２３４", "🎉" * 3, " \t", "１２ ３４", "İß"])
def test_folding_keeps_track_of_where_characters_come_from(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.origin)
    assert list(folded.origin) == sorted(folded.origin)
    assert all(0 <= at < len(text) for at in folded.origin)


def test_boxes_lie_within_their_lines() -> None:
    lines = printed("ab cd，１２ 中文")
    for text in ("ab", "cd", "12", "中文", "abcd12中文"):
        for place in places(text, lines):
            boxes: tuple[Box, ...] = boxes_of(place, lines)
            assert all(100 <= x1 < x2 <= lines[0].box[2] for x1, _, x2, _ in boxes)
