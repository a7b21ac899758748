"""Bars and slices: what each stands for, what it is called, what it is worth."""

from __future__ import annotations

import pytest

from kantu.contenders.pipeline.axes import number_in
from kantu.contenders.pipeline.seen import SeenElement
from kantu.solve.reader import PrintedLine
from tests.contenders.pipeline.sheets import BLUE, GREEN, ORANGE, RED, WHITE, Sheet

BASE = 260  # where bars stand
STEP = 2  # pixels a unit


def bars(sheet: Sheet) -> list[SeenElement]:
    return sorted((each for each in sheet.look().elements if each.kind == "bar"), key=lambda each: each.box[0])


def axis(sheet: Sheet) -> None:
    for value in (0, 20, 40, 60, 80, 100):
        sheet.text(10 if value == 100 else 20, BASE - STEP * value - 8, str(value))


def bar(sheet: Sheet, x: int, value: int, color: tuple[int, int, int], *, foot: int = 0, wide: int = 30) -> None:
    sheet.draw.rectangle((x, BASE - STEP * (foot + value), x + wide - 1, BASE - STEP * foot - 1), fill=color)


def test_bars_are_worth_what_their_axis_says() -> None:
    sheet = Sheet(360, 320)
    axis(sheet)
    for place, (name, value) in enumerate([("一月", 35), ("二月", 80), ("三月", 52)]):
        bar(sheet, 80 + 90 * place, value, BLUE)
        sheet.text(79 + 90 * place, BASE + 8, name)
    seen = bars(sheet)
    assert [each.label for each in seen] == ["一月", "二月", "三月"]
    assert [each.value for each in seen] == pytest.approx([35, 80, 52], abs=1)
    assert {each.color for each in seen} == {"蓝"}


def test_a_printed_number_is_exact_unless_the_axis_says_otherwise() -> None:
    sheet = Sheet(360, 320)
    axis(sheet)
    for place, (name, value, printed) in enumerate([("一月", 35, "35.3"), ("二月", 80, "8"), ("三月", 52, "51.8")]):
        bar(sheet, 80 + 90 * place, value, BLUE)
        sheet.text(79 + 90 * place, BASE + 8, name)
        sheet.text(84 + 90 * place, BASE - STEP * value - 20, printed)
    assert [each.value for each in bars(sheet)] == [35.3, 80.0, 51.8]  # 8 is not 80


def test_without_an_axis_printed_numbers_are_what_there_is() -> None:
    sheet = Sheet(360, 320)
    for place, (name, value) in enumerate([("甲", 30), ("乙", 90), ("丙", 60)]):
        bar(sheet, 80 + 90 * place, value, BLUE)
        sheet.text(87 + 90 * place, BASE + 8, name)
        sheet.text(86 + 90 * place, BASE - STEP * value - 20, str(value))
    assert [(each.label, each.value) for each in bars(sheet)] == [("甲", 30.0), ("乙", 90.0), ("丙", 60.0)]


def test_lying_bars_are_read_to_the_right() -> None:
    sheet = Sheet(400, 240)
    for row, (name, value) in enumerate([("北京", 50), ("上海", 100), ("广州", 25)]):
        sheet.draw.rectangle((80, 20 + 50 * row, 80 + 2 * value - 1, 49 + 50 * row), fill=GREEN)
        sheet.text(36, 27 + 50 * row, name)
    for value in (0, 50, 100):
        sheet.text(80 + 2 * value - 5 * len(str(value)), 190, str(value))
    seen = sorted(bars(sheet), key=lambda each: each.box[1])
    assert [each.label for each in seen] == ["北京", "上海", "广州"]
    assert [each.value for each in seen] == pytest.approx([50, 100, 25], abs=1)


def test_the_pieces_of_a_stack_have_their_series_from_the_legend() -> None:
    sheet = Sheet(360, 340)
    axis(sheet)
    for x, color, name in ((100, RED, "线上"), (190, ORANGE, "门店")):
        sheet.draw.rectangle((x, 310, x + 11, 321), fill=color)
        sheet.text(x + 18, 308, name)
    for place, (name, lower, upper) in enumerate([("甲", 20, 30), ("乙", 45, 25)]):
        x = 100 + 100 * place
        bar(sheet, x, lower, RED)
        bar(sheet, x, upper, ORANGE, foot=lower)
        sheet.text(x + 7, BASE + 8, name)
    seen = {(each.label, each.series): each.value for each in bars(sheet)}
    expected = {("甲", "线上"): 20, ("甲", "门店"): 30, ("乙", "线上"): 45, ("乙", "门店"): 25}
    assert seen.keys() == expected.keys()
    assert seen == {key: pytest.approx(value, abs=1) for key, value in expected.items()}


def test_cards_of_one_size_are_no_bars() -> None:
    sheet = Sheet(360, 300, (235, 235, 240))
    for place in range(3):
        sheet.draw.rectangle((20 + 110 * place, 40, 109 + 110 * place, 160), fill=WHITE)
        sheet.text(30 + 110 * place, 180, f"¥{place + 1}9")
    assert not bars(sheet)


def test_slices_have_their_share_and_their_name_from_the_legend() -> None:
    sheet = Sheet(400, 260)
    parts = [("餐饮", 180, RED), ("交通", 108, BLUE), ("其他", 72, GREEN)]
    start = -90
    for row, (name, degrees, color) in enumerate(parts):
        sheet.draw.pieslice((30, 30, 230, 230), start, start + degrees, fill=color, outline=WHITE)
        start += degrees
        sheet.draw.rectangle((280, 60 + 40 * row, 291, 71 + 40 * row), fill=color)
        sheet.text(300, 58 + 40 * row, name)
    seen = {each.label: (each.color, each.value) for each in sheet.look().elements if each.kind == "slice"}
    assert {name: color for name, (color, _) in seen.items()} == {"餐饮": "红", "交通": "蓝", "其他": "绿"}
    assert [seen[name][1] for name, _, _ in parts] == pytest.approx([50, 30, 20], abs=1.5)


@pytest.mark.parametrize(
    ("text", "value"), [("1,200", 1200.0), ("35%", 35.0), ("¥79.90", 79.9), ("-3.5", -3.5), ("12万", 12.0)]
)
def test_a_text_that_is_a_number_is_read_as_one(text: str, value: float) -> None:
    assert number_in(text) == value


@pytest.mark.parametrize("text", ["8-24", "14:30", "共3件商品", "三月", ""])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert number_in(text) is None


def test_the_points_of_lines_are_read_over_the_names_of_the_axis() -> None:
    sheet = Sheet(400, 340)
    axis(sheet)
    lines = {"线上": (RED, (20, 60, 40)), "门店": (BLUE, (90, 30, 75))}
    for place, name in enumerate(("一月", "二月", "三月")):
        sheet.text(84 + 100 * place, BASE + 10, name)
    for row, (name, (color, values)) in enumerate(lines.items()):
        heights = [(100 + 100 * place, BASE - STEP * value) for place, value in enumerate(values)]
        sheet.draw.line(heights, fill=color, width=2)
        sheet.draw.rectangle((100 + 90 * row, 314, 111 + 90 * row, 325), fill=color)
        sheet.text(118 + 90 * row, 312, name)
    seen = {(each.label, each.series): each.value for each in sheet.look().elements if each.kind == "point"}
    assert seen == {
        (month, name): pytest.approx(value, abs=1.5)
        for name, (_, values) in lines.items()
        for month, value in zip(("一月", "二月", "三月"), values, strict=True)
    }


def test_numbers_that_the_reader_has_joined_are_told_apart() -> None:
    sheet = Sheet(400, 240)
    for row, (name, value) in enumerate([("北京", 50), ("上海", 100), ("广州", 25)]):
        sheet.draw.rectangle((80, 20 + 50 * row, 80 + 2 * value - 1, 49 + 50 * row), fill=GREEN)
        sheet.text(36, 27 + 50 * row, name)
    ticks = [sheet.text(80 + 2 * value - 5 * len(str(value)), 190, str(value)) for value in (0, 50, 100)]
    boxes = [sheet.lines[number].box for number in ticks]
    del sheet.lines[-3:]
    sheet.lines.append(PrintedLine("0 50 100", (boxes[0][0], 190, boxes[-1][2], 206), 1.0))
    seen = sorted(bars(sheet), key=lambda each: each.box[1])
    assert [each.value for each in seen] == pytest.approx([50, 100, 25], abs=1)


def test_a_swatch_that_the_reader_has_taken_for_a_letter_still_names_its_slice() -> None:
    sheet = Sheet(400, 260)
    for place, (name, color) in enumerate((("餐饮", RED), ("交通", BLUE))):
        sheet.draw.pieslice((30, 30, 230, 230), 180 * place, 180 + 180 * place, fill=color, outline=WHITE)
        sheet.draw.rectangle((280, 60 + 40 * place, 293, 73 + 40 * place), fill=color)
        number = sheet.text(300, 58 + 40 * place, name)
        line = sheet.lines[number]
        sheet.lines[number] = PrintedLine(f"■{line.text}", (280, *line.box[1:]), 1.0)
    seen = {each.label: each.color for each in sheet.look().elements if each.kind == "slice"}
    assert seen == {"餐饮": "红", "交通": "蓝"}
