"""Rows are read from top to bottom, each from left to right."""

from __future__ import annotations

from kantu.synth.draw.reading_order import reading_rows
from kantu.synth.page import Line


def test_reading_rows_joins_what_touches_and_parts_what_does_not() -> None:
    def line(text: str, x: float, y: float, width: float) -> Line:
        return Line(text, (x, y, x + width, y + 10), ((x, y, x + width, y + 10),), 10)

    lines = [line("00", 30.5, 1, 10), line("¥12.", 10, 0, 20), line("单价", 0, 20, 20), line("x2", 90, 0, 10)]
    assert reading_rows(lines) == ["¥12.00 x2", "单价"]
