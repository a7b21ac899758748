"""Labelled values in every form: all shown, none too wide, each with its fact."""

from __future__ import annotations

import random

import pytest

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece
from kantu.synth.draw.reading_order import transcription
from kantu.synth.draw.rows import FORMS, plain_row, rows
from kantu.synth.draw.style import Style, make_style
from kantu.synth.facts import Pair
from kantu.synth.page import Line

pytestmark = pytest.mark.usefixtures("needs_fonts")

FACTS = (Pair("编号", "TX0042"), Pair("书名", "山海经图志全译详注本"), Pair("押金", "30"))


def made(seed: int, form: str, width: float) -> tuple[Style, Piece, list[Line]]:
    rng = random.Random(seed)
    style = make_style(rng, 400)
    piece = rows([plain_row(fact, style) for fact in FACTS], style, width, rng, form)
    canvas = Canvas(400, 600, style.card)
    piece.draw(canvas, 20, 20)
    return style, piece, canvas.lines


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("width", [150, 250, 360])
def test_everything_is_shown_within_the_width(form: str, width: float) -> None:
    for seed in range(20):
        _, piece, lines = made(seed, form, width)
        printed = "".join(line.text for line in lines)
        assert all(fact.label in printed and fact.value in printed for fact in FACTS)
        assert all(line.box[0] >= 20 and line.box[2] <= 20 + width + 1 for line in lines), (seed, form)
        assert all(line.box[1] >= 20 and line.box[3] <= 20 + piece.height + 1 for line in lines)
        assert piece.facts == FACTS


def test_the_value_stands_at_the_other_end_after_or_under_its_label() -> None:
    def places(form: str) -> tuple[Line, Line]:
        _, _, lines = made(3, form, 360)
        return next(line for line in lines if line.role == "label"), next(
            line for line in lines if line.text == "TX0042"
        )

    label, value = places("spread")
    assert value.box[2] == pytest.approx(380)
    label, value = places("inline")
    assert value.box[0] > label.box[2]
    label, value = places("under")
    assert value.box[1] >= label.box[3]


def test_a_joined_row_is_one_line_of_text() -> None:
    style, _, lines = made(3, "joined", 360)
    assert lines[0].text == f"编号{style.colon or '：'}TX0042"
    assert transcription(lines).startswith(lines[0].text)
