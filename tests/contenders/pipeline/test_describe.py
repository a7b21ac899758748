"""Stage 4: the styles a picture can be described in."""

from __future__ import annotations

from dataclasses import replace

from kantu.contenders.pipeline.describe import NOTHING, describe
from kantu.contenders.pipeline.seen import Box, Seen, SeenElement, Table
from kantu.solve.reader import PrintedLine
from tests.contenders.pipeline.recorded import SIZE, line, seen


def _markdown(lines: list[PrintedLine], found: Seen) -> str:
    return describe(lines, found, SIZE, "markdown")


def test_lines_are_told_as_the_reader_gave_them() -> None:
    lines = [line("订单详情", 160, 20), line("待发货", 20, 80)]
    assert describe(lines, seen(lines), SIZE, "lines") == "订单详情\n待发货"


def test_positions_are_thousandths_of_the_picture() -> None:
    lines = [line("待发货", 20, 80)]
    switch = SeenElement("switch", (340, 80, 380, 100), "绿", "on", label="夜间模式")
    told = describe(lines, seen(lines, switch), SIZE, "positions")
    assert told == "[50, 100, 200, 125] 待发货\n[850, 100, 950, 125] 〔开关，开，绿色〕夜间模式"


def test_label_and_value_stay_on_their_row() -> None:
    lines = [line("实付款", 20, 80), line("￥35.00", 240, 80), line("订单号", 20, 120), line("2024", 300, 120)]
    assert _markdown(lines, seen(lines)) == "实付款 | ￥35.00\n订单号 | 2024"


def test_words_that_touch_are_one_word() -> None:
    lines = [line("￥", 20, 80), line("35", 40, 80), line("起", 90, 80)]
    assert _markdown(lines, seen(lines)) == "￥35 起"


def test_an_ink_with_a_colour_is_told() -> None:
    lines = [line("待发货", 20, 80)]
    assert _markdown(lines, seen(lines, colors={0: "橙"})) == "待发货〔橙字〕"


def test_an_ink_that_is_taken_for_its_ground_is_not_told() -> None:
    lines = [line("待发货", 20, 80)]
    found = seen(lines, colors={0: "橙"})
    assert _markdown(lines, replace(found, line_grounds=("橙",))) == "待发货"


def test_a_mark_without_a_name_is_told_where_it_stands_in_a_row_only() -> None:
    lines = [line("设置", 20, 80)]
    marks = (SeenElement("icon", (300, 82, 316, 98)), SeenElement("icon", (20, 300, 40, 320)))
    assert _markdown(lines, seen(lines, *marks)) == "设置 | 〔图标〕"
    assert _markdown(lines, seen(lines, SeenElement("icon", (20, 300, 40, 320), label="返回"))) == "设置\n〔图标〕返回"


def test_the_largest_type_is_a_heading_and_is_named() -> None:
    lines = [line("通知", 20, 20, height=40), line("各位同学", 20, 80), line("明天放假", 20, 110)]
    assert _markdown(lines, seen(lines)).startswith("## 通知〔字号最大〕\n")


def test_a_button_is_told_beside_its_words() -> None:
    lines = [line("取消", 20, 80), line("付款", 240, 80)]
    pay = SeenElement("button", (220, 70, 300, 110), "红", text="付款", lines=(1,))
    assert _markdown(lines, seen(lines, pay)) == "取消 | 付款〔按钮，红底〕"


def test_a_switch_stands_in_the_row_of_its_label() -> None:
    lines = [line("夜间模式", 20, 80), line("消息通知", 20, 120)]
    switch = SeenElement("switch", (340, 78, 380, 102), "绿", "on", label="夜间模式")
    assert _markdown(lines, seen(lines, switch)) == "夜间模式 | 〔开关，开，绿色〕\n消息通知"


def test_an_element_of_no_row_is_told_with_its_label() -> None:
    lines = [line("相册", 20, 80)]
    picture = SeenElement("picture", (20, 200, 380, 500), label="猫")
    assert _markdown(lines, seen(lines, picture)) == "相册\n〔图片〕猫"


def test_cards_side_by_side_are_read_one_after_the_other() -> None:
    lines = [line("苹果", 20, 100), line("香蕉", 220, 100), line("五元", 20, 140), line("三元", 220, 140)]
    left = SeenElement("card", (10, 90, 190, 180), "白", lines=(0, 2))
    right = SeenElement("card", (210, 90, 390, 180), "白", lines=(1, 3))
    assert _markdown(lines, seen(lines, left, right)) == "苹果\n五元\n\n香蕉\n三元"


def test_a_bubble_tells_its_side() -> None:
    lines = [line("在吗", 20, 100), line("在的", 300, 160)]
    asked = SeenElement("bubble", (10, 90, 80, 130), "白", "left", lines=(0,))
    said = SeenElement("bubble", (290, 150, 390, 190), "绿", "right", lines=(1,))
    assert _markdown(lines, seen(lines, asked, said)) == "〔气泡，左侧，白底〕在吗\n〔气泡，右侧，绿底〕在的"


def test_a_table_is_a_table_of_markdown() -> None:
    lines = [line("价目", 20, 20)]
    lines += [
        line(text, 20 + 100 * at, y) for y, row in ((80, "品价量"), (120, "茶5二")) for at, text in enumerate(row)
    ]
    box: Box = (20, 80, 240, 140)
    table = Table(box, (("品", "价", "量"), ("茶", "5", "二")), (1, 2, 3, 4, 5, 6))
    told = _markdown(lines, seen(lines, tables=(table,)))
    assert told == "价目\n\n| 品 | 价 | 量 |\n|---|---|---|\n| 茶 | 5 | 二 |"


def test_a_picture_beside_several_rows_stands_before_the_first_of_them() -> None:
    lines = [line("购物车", 20, 20), line("香皂", 160, 80), line("￥5", 160, 120), line("一件", 160, 160)]
    photo = SeenElement("picture", (20, 70, 140, 190), "粉")
    assert _markdown(lines, seen(lines, photo)) == "购物车\n〔图片，粉色〕\n香皂\n￥5\n一件"


def test_labels_with_values_need_no_head() -> None:
    lines = [line("品名", 20, 80), line("价", 220, 80), line("茶", 20, 120), line("5", 220, 120)]
    box: Box = (20, 80, 240, 140)
    table = Table(box, (("品名", "价"), ("茶", "5")), (0, 1, 2, 3))
    assert _markdown(lines, seen(lines, tables=(table,))) == "品名 | 价\n茶 | 5"


def test_columns_that_the_reader_tells_apart_are_not_rows() -> None:
    lines = [line("联系人", 20, 80), line("群聊", 20, 120), line("在吗", 220, 80), line("在的", 220, 120)]
    switch = SeenElement("switch", (350, 118, 390, 142), "绿", "on")
    assert _markdown(lines, seen(lines, switch)) == "联系人\n群聊\n在吗\n在的 | 〔开关，开，绿色〕"


def test_a_picture_stands_before_the_words_below_it() -> None:
    lines = [line("相册", 20, 20), line("小猫", 20, 200)]
    photo = SeenElement("picture", (20, 60, 380, 180), "粉")
    assert _markdown(lines, seen(lines, photo)) == "相册\n〔图片，粉色〕\n小猫"


def test_bars_tell_their_values_below_the_words() -> None:
    lines = [line("销量", 20, 20)]
    bars = (
        SeenElement("bar", (20, 200, 60, 400), "蓝", label="一月", value=200.0),
        SeenElement("bar", (100, 300, 140, 400), "蓝", label="二月", value=100.0),
    )
    told = _markdown(lines, seen(lines, *bars))
    assert told == "销量\n柱状图：\n一月〔柱，蓝色，约200〕\n二月〔柱，蓝色，约100〕"


def test_an_empty_picture_is_said_to_be_empty() -> None:
    for style in ("lines", "positions", "markdown"):
        assert describe([], seen([]), SIZE, style) == NOTHING


def test_bars_of_several_series_are_a_table() -> None:
    bars = [
        SeenElement("bar", (x, 400 - value, x + 20, 400), label=label, series=series, value=float(value))
        for x, label, series, value in ((20, "一月", "线上", 200), (40, "一月", "门店", 50), (100, "二月", "线上", 100))
    ]
    told = _markdown([], seen([], *bars))
    assert told == "柱状图：\n|  | 线上 | 门店 |\n|---|---|---|\n| 一月 | 约200 | 约50 |\n| 二月 | 约100 |  |"


def test_lying_bars_are_told_from_standing_ones() -> None:
    bars = [SeenElement("bar", (100, y, 100 + 50 * y, y + 20), label=str(y)) for y in (1, 2)]
    assert _markdown([], seen([], *bars)).startswith("条形图：")


def test_bars_on_bars_are_stacked() -> None:
    bars = [
        SeenElement("bar", (20, top, 40, bottom), label="一月", series=series, value=float(bottom - top))
        for top, bottom, series in ((300, 400, "线上"), (250, 300, "门店"))
    ]
    assert _markdown([], seen([], *bars)).startswith("堆叠图：\n|  | 线上 | 门店 |")


def test_points_are_a_line_chart() -> None:
    points = [SeenElement("point", (x, 200, x + 4, 204), "蓝", label=f"{x}月", value=float(x)) for x in (1, 2)]
    assert _markdown([], seen([], *points)) == "折线图：\n1月〔点，蓝色，约1〕\n2月〔点，蓝色，约2〕"
