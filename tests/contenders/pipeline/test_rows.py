"""Lines beside each other are a row; rows in columns are a table."""

from __future__ import annotations

from kantu.contenders.pipeline.rows import rows_of, tables_of
from kantu.solve.reader import PrintedLine


def line(text: str, x: int, y: int, *, height: int = 16) -> PrintedLine:
    return PrintedLine(text, (x, y, x + 16 * len(text), y + height), 1.0)


def texts(lines: list[PrintedLine]) -> list[list[str]]:
    return [[lines[number].text for number in row] for row in rows_of(lines)]


def test_rows_go_from_top_to_bottom_and_their_lines_from_left_to_right() -> None:
    lines = [line("王先生", 200, 52), line("收货人", 20, 50), line("标题", 100, 10, height=24)]
    assert texts(lines) == [["标题"], ["收货人", "王先生"]]


def test_rows_of_a_tilted_page_hold_together() -> None:
    lines = [
        line(f"{row}{column}", 20 + 150 * column, 20 + 24 * row + 7 * column) for row in range(3) for column in range(4)
    ]
    assert texts(lines) == [[f"{row}{column}" for column in range(4)] for row in range(3)]


def test_rows_whose_lines_stand_in_columns_are_a_table() -> None:
    cells = [["品名", "数量", "金额"], ["苹果", "3", "12.00"], ["梨", "10", "8.50"]]
    lines = [line("购物清单", 120, 10)]
    lines += [line(cell, 20 + 120 * x, 60 + 30 * y) for y, row in enumerate(cells) for x, cell in enumerate(row)]
    (table,) = tables_of(lines, rows_of(lines))
    assert [list(row) for row in table.cells] == cells
    assert table.box == (20, 60, 340, 136)


def test_a_cell_may_be_empty_or_broken_into_two_lines() -> None:
    lines = [line("品名", 20, 20), line("规格", 200, 20), line("金额", 340, 20)]
    lines += [line("东北大米五常", 20, 60), line("袋", 200, 60), line("59.00", 340, 60), line("稻花香", 20, 80)]
    lines += [line("酱油", 20, 120), line("7.50", 340, 120)]
    (table,) = tables_of(lines, rows_of(lines))
    assert table.cells == (("品名", "规格", "金额"), ("东北大米五常稻花香", "袋", "59.00"), ("酱油", "", "7.50"))


def test_a_paragraph_is_no_table() -> None:
    lines = [line("今天下午三点在会议室开会", 20, 20 + 24 * row) for row in range(5)]
    assert not tables_of(lines, rows_of(lines))
