"""Pieces know their size and their facts before they are drawn, and stand where they are put."""

from __future__ import annotations

import pytest

from kantu.synth.draw import faces
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run, backed, box, column, pad, paragraph, row, space, spread, text
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Pair
from kantu.synth.page import Box

pytestmark = pytest.mark.usefixtures("needs_fonts")

TYPE = Type(faces.closest("sans", 400), 20, (0, 0, 0))


def drawn(piece: Piece, x: float = 0, y: float = 0) -> dict[str, Box]:
    canvas = Canvas(400, 300, (255, 255, 255))
    piece.draw(canvas, x, y)
    return {line.text: line.box for line in canvas.lines}


def test_rows_and_columns_place_their_members() -> None:
    first, second = text("一", TYPE), text("二三", TYPE)
    assert (row([first, second], 5).width, row([first, second], 5).height) == (65, 20)
    assert drawn(row([first, second], 5), 10, 7) == {"一": (10, 7, 30, 27), "二三": (35, 7, 75, 27)}
    assert drawn(column([first, second], 5, align="r")) == {"一": (20, 0, 40, 20), "二三": (0, 25, 40, 45)}
    assert drawn(spread(first, second, 100))["二三"] == (60, 0, 100, 20)


def test_room_and_boxes_move_what_they_hold() -> None:
    piece = pad(text("一", TYPE), 4, 6)
    assert (piece.width, piece.height) == (28, 32)
    assert drawn(piece)["一"] == (4, 6, 24, 26)
    assert drawn(box(piece, 128, 132))["一"] == (54, 56, 74, 76)


def test_facts_of_the_parts_are_facts_of_the_whole() -> None:
    first = text("一", TYPE).showing(Pair("甲", "一"))
    second = text("二", TYPE).showing(Pair("乙", "二"))
    whole = backed(pad(row([column([first]), space(3), second]), 2), lambda canvas, area: None)
    assert whole.facts == (Pair("甲", "一"), Pair("乙", "二"))


def test_a_run_is_drawn_from_its_left_middle_or_right() -> None:
    run = Run(("一二", "三"), TYPE, leading=1.5)
    assert (run.width, run.height) == (40, 50)
    canvas = Canvas(400, 300, (255, 255, 255))
    run.draw(canvas, 200, 10, "r")
    assert [line.box for line in canvas.lines] == [(160, 10, 200, 30), (180, 40, 200, 60)]
    assert drawn(run.piece(align="m"))["三"] == (10, 30, 30, 50)


def test_a_paragraph_is_as_high_as_its_lines() -> None:
    piece = paragraph("一二三四五", TYPE, 50, leading=1.5)
    assert list(drawn(piece)) == ["一二", "三四", "五"]
    assert piece.height == 80
