"""Lines that were read are matched with those that are printed by where they stand."""

from __future__ import annotations

import pytest

from kantu.solve.reader import PrintedLine
from kantu.synth.page import Box
from kantu.training.mini_text.matching import Group, covering, groups, neighbours
from kantu.training.mini_text.readings import PageReading, TrueLine


def printed(text: str, x: float, y: float, size: float = 16) -> TrueLine:
    return TrueLine(text, (x, y, x + len(text) * size, y + size), size)


def read(text: str, *box: int) -> PrintedLine:
    x1, y1, x2, y2 = box
    return PrintedLine(text, (x1, y1, x2, y2), 1.0)


def reading(lines: tuple[TrueLine, ...], found: tuple[PrintedLine, ...]) -> PageReading:
    return PageReading("test", 0, (400, 400), lines, (), found)


def test_a_line_belongs_to_what_was_read_at_its_place() -> None:
    page = reading(
        (printed("甲乙", 0, 0), printed("丙丁", 0, 40)), (read("丙丁", 1, 41, 31, 55), read("甲乙", 0, 1, 32, 15))
    )
    assert list(groups(page)) == [Group((0,), (1,)), Group((1,), (0,))]


def test_lines_that_were_read_as_one_are_one_group() -> None:
    page = reading((printed("单价", 0, 0), printed("5元", 40, 0)), (read("单价5元", 0, 0, 72, 16),))
    assert list(groups(page)) == [Group((0, 1), (0,))]


def test_a_line_that_was_read_in_parts_is_one_group() -> None:
    page = reading((printed("甲乙丙丁", 0, 0),), (read("甲", 0, 0, 16, 16), read("丙丁", 32, 0, 64, 16)))
    assert list(groups(page)) == [Group((0,), (0, 1))]


def test_what_was_missed_and_what_is_not_printed_stand_alone() -> None:
    page = reading((printed("甲乙", 0, 0),), (read("★", 200, 200, 216, 216),))
    assert list(groups(page)) == [Group((0,), ()), Group((), (0,))]


def test_neighbours_stand_at_one_height_and_their_gap_is_told_in_ems() -> None:
    lines = (printed("单价", 0, 0), printed("5元", 40, 0), printed("下面", 0, 30), printed("远", 200, 4, 8))
    found = list(neighbours(lines))
    assert [(left, right) for left, right, _ in found] == [(0, 1), (1, 3)]
    assert [ems for _, _, ems in found] == pytest.approx([0.5, 16.0])


@pytest.mark.parametrize(("box", "cover"), [((0, 0, 10, 10), 0), ((8, 0, 30, 10), 1), ((50, 50, 60, 60), None)])
def test_most_of_a_box_is_covered_by_one(box: Box, cover: int | None) -> None:
    assert covering(box, [(0, 0, 12, 12), (12, 0, 40, 12)]) == cover
