"""Rows are read from top to bottom and from left to right, cards and columns one after the other."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from PIL import Image

from kantu.synth.draw import effects
from kantu.synth.draw.reading_order import reading_rows, row_text, transcription
from kantu.synth.page import Element, Line, Page


def line(text: str, x: float, y: float, size: float = 16, advance: float = 1.0) -> Line:
    step = size * advance
    boxes = tuple((x + i * step, y, x + (i + 1) * step, y + size) for i in range(len(text)))
    return Line(text, (x, y, x + len(text) * step, y + size), boxes, size)


def test_rows_run_down_the_page_and_from_left_to_right() -> None:
    lines = [line("右", 200, 12), line("下", 10, 40), line("左", 10, 10)]
    assert [[each.text for each in row] for row in reading_rows(lines)] == [["左", "右"], ["下"]]
    assert transcription(lines) == "左 右\n下"


def test_runs_that_touch_are_one_word_and_others_are_parted() -> None:
    sum_ = [line("¥", 10, 4, 12, 0.5), line("12", 16, 0, 20, 0.5), line(".00", 36.5, 5, 12, 0.5)]
    row = [*sum_, line("x2", 90, 3, 14, 0.5), line("单价： ", 0, 30), line("9", 90, 30)]
    assert transcription(row) == "¥12.00 x2\n单价： 9"


def test_label_and_value_are_one_row_however_far_apart_and_of_unlike_size() -> None:
    lines = [line("合计", 0, 4, 12), line("86", 300, 0, 20), line("运费", 0, 40, 12), line("8", 300, 36, 20)]
    assert transcription(lines) == "合计 86\n运费 8"


def test_two_small_lines_beside_a_large_one_are_read_before_it_and_not_through_it() -> None:
    lines = [line("出发", 0, 0, 12), line("北京", 0, 16, 12), line("G102", 80, 0, 28)]
    assert transcription(lines) == "出发\n北京\nG102"


def test_columns_whose_rows_do_not_line_up_are_read_one_after_the_other() -> None:
    left = [line(f"左{n}", 0, 20 * n) for n in range(4)]
    right = [line(f"右{n}", 120, 20 * n + 9) for n in range(3)]
    assert transcription([*right, *left]) == "左0\n左1\n左2\n左3\n右0\n右1\n右2"


def test_a_table_is_read_row_by_row() -> None:
    cells = [line(f"{row}{column}", 90 * column, 24 * row) for column in range(3) for row in range(3)]
    assert transcription(cells) == "00 01 02\n10 11 12\n20 21 22"


def test_a_card_is_read_to_its_end_before_the_one_beside_it() -> None:
    lines = [line(f"{side}{n}", x, 20 * n + 4) for side, x in (("左", 4), ("右", 124)) for n in range(3)]
    cards = [Element("card", "", (0, 0, 100, 64)), Element("card", "", (120, 0, 220, 64))]
    assert transcription(lines) == "左0 右0\n左1 右1\n左2 右2"
    assert transcription(lines, cards) == "左0\n左1\n左2\n右0\n右1\n右2"
    page = [Element("column", "", (0, 0, 220, 64)), *cards]
    assert transcription(lines, page) == transcription(lines, cards), "groups may hold groups"


def test_only_what_holds_text_together_is_a_group() -> None:
    lines = [line("标签", 4, 4), line("数值", 124, 4), line("下", 4, 30)]
    button = [Element("button", "", (0, 0, 100, 64))]
    assert transcription(lines, button) == "标签 数值\n下"


@pytest.mark.parametrize("degrees", [-1.5, 1.5])
def test_a_tilted_page_is_read_like_the_straight_one(degrees: float) -> None:
    rng = random.Random(5)
    lines = [line(f"标签{n}", 10, 12 + 22 * n, 14) for n in range(12)]
    lines += [line("数值" + "长" * rng.randint(1, 6), 280, 12 + 22 * n, 14) for n in range(12)]
    page = Page("test", 0, Image.new("RGB", (400, 300)), tuple(lines))
    tilted = effects.rotate(page, degrees, (0, 0, 0))
    assert transcription(tilted.lines) == transcription(page.lines)
    assert [row_text(row) for row in reading_rows(tilted.lines)][3].startswith("标签3 数值")


def test_nothing_is_lost_and_nothing_is_read_twice() -> None:
    rng = random.Random(9)
    for _ in range(200):
        lines = []
        for n in range(rng.randint(1, 30)):
            text, size = "字" * rng.randint(1, 5), rng.choice((11, 16, 30))
            lines.append(replace(line(text, rng.uniform(0, 300), rng.uniform(0, 300), size), name=str(n)))
        boxes = [(rng.uniform(0, 200), rng.uniform(0, 200)) for _ in range(rng.randint(0, 4))]
        cards = [Element("card", "", (x, y, x + rng.uniform(20, 200), y + rng.uniform(20, 200))) for x, y in boxes]
        read = [each for row in reading_rows(lines, cards) for each in row]
        assert sorted(each.name for each in read) == sorted(each.name for each in lines)
