"""Pages are misread as often, and in the ways, that were measured."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kantu.synth.page import Element, Page
from kantu.training.mini_text.measuring import measure
from kantu.training.mini_text.misreading import misread
from kantu.training.mini_text.reader_errors import (
    Added,
    Edge,
    Ghost,
    Ghosts,
    Joined,
    Misreadings,
    Missed,
    ReaderErrors,
    Sized,
    measured_errors,
)
from kantu.training.mini_text.readings import PageReading, true_lines
from tests.training.mini.pages import line, page

_NONE = Misreadings(1000, {})
PERFECT = ReaderErrors(
    pages=1,
    lines=1,
    characters=1,
    missed=(Missed(1000, 0.0),),
    missed_alone={"han": 0.0, "digit": 0.0, "latin": 0.0, "mark": 0.0},
    joined=(Joined(1000.0, 0.0, 0.0),),
    cut_at_space=0.0,
    cut_elsewhere=0.0,
    spaces_kept=1.0,
    families={},
    dispersion=1e6,
    sizes=(Sized(1000.0, 1.0),),
    styles={},
    misread={},
    classes={"han": _NONE, "digit": _NONE, "latin": _NONE, "mark": _NONE},
    before=Added(0.0, {}),
    inside=Added(0.0, {}),
    after=Added(0.0, {}),
    ghosts={},
    edges=(Edge(0.0, 0.0),) * 5,  # type: ignore[arg-type]
    sureness={"right": (1.0,), "wrong": (0.5,), "ghost": (0.6,)},
)

SHEET = page(
    400,
    300,
    (
        line("单价", 20, 20, 16),
        line("5.00元", 56, 20, 16),
        line("2026-11-29 16:00", 20, 60, 14),
        line("收货地址：上海市静安区", 20, 100, 20),
    ),
)


def texts(drawn: Page, errors: ReaderErrors, seed: int = 0) -> list[str]:
    return [line.text for line in misread(drawn, errors, random.Random(seed))]


def test_a_perfect_reader_reads_what_is_printed_where_it_stands() -> None:
    found = misread(SHEET, PERFECT, random.Random(0))
    assert [line.text for line in found] == [line.text for line in SHEET.lines]
    assert [line.box for line in found] == [line.box for line in SHEET.lines]
    assert {line.sureness for line in found} == {1.0}


def test_the_same_numbers_give_the_same_lines() -> None:
    errors = measured_errors()
    assert misread(SHEET, errors, random.Random(7)) == misread(SHEET, errors, random.Random(7))
    assert len({misread(SHEET, errors, random.Random(seed)) for seed in range(20)}) > 1


def test_neighbours_are_read_as_one_line() -> None:
    joined = replace(PERFECT, joined=(Joined(0.5, 1.0, 1.0), Joined(1000.0, 0.0, 0.0)))
    assert texts(SHEET, joined)[0] == "单价 5.00元"
    assert misread(SHEET, joined, random.Random(0))[0].box == (20, 20, 136, 36)


def test_lines_are_missed() -> None:
    assert texts(SHEET, replace(PERFECT, missed=(Missed(2, 1.0), Missed(1000, 0.0))))[0] == "5.00元"


def test_characters_become_others_of_their_own_or_of_their_class() -> None:
    own = replace(PERFECT, misread={"静": Misreadings(1_000_000, {"争": 1_000_000})})
    assert "上海市争安区" in texts(SHEET, own)[-1]
    assert misread(SHEET, own, random.Random(0))[-1].sureness == 0.5
    usual = replace(PERFECT, classes={**PERFECT.classes, "digit": Misreadings(10, {"7": 10})})
    assert "".join(texts(SHEET, usual)).count("7") > 10 > "".join(texts(SHEET, PERFECT)).count("7")


def test_characters_of_some_families_are_misread_more_often() -> None:
    often = replace(PERFECT, classes={**PERFECT.classes, "digit": Misreadings(10, {"x": 1})}, families={"scrawl": 8.0})
    read = [
        "".join("".join(texts(drawn, often, seed)) for seed in range(30))
        for drawn in (SHEET, replace(SHEET, family="scrawl"))
    ]
    assert 0 < read[0].count("x") < 0.3 * read[1].count("x")


def test_styles_change_and_spaces_go() -> None:
    errors = replace(PERFECT, styles={"：": Misreadings(5, {":": 5})}, spaces_kept=0.0)
    assert texts(SHEET, errors)[2:] == ["2026-11-2916:00", "收货地址:上海市静安区"]


def test_a_line_is_cut_at_a_space() -> None:
    found = misread(SHEET, replace(PERFECT, cut_at_space=1.0), random.Random(0))
    first, second = found[2:4]
    assert (first.text, second.text) == ("2026-11-29", "16:00")
    assert first.box[2] <= second.box[0]


def test_signs_are_taken_for_letters_where_nothing_is_printed() -> None:
    errors = replace(PERFECT, ghosts={"icon": Ghosts(1.0, ((Ghost("+", (0.25, 0.25, 0.75, 0.75)),),))})
    drawn = replace(
        SHEET, elements=(Element("icon", "加号", (200, 200, 220, 220)), Element("icon", "盖住", (20, 20, 50, 36)))
    )
    found = [line for line in misread(drawn, errors, random.Random(0)) if line.text == "+"]
    assert [line.box for line in found] == [(205, 205, 215, 215)]


def test_no_box_leaves_the_picture() -> None:
    wide = replace(PERFECT, edges=(Edge(-1.0, 3.0), Edge(0.0, 3.0), Edge(1.0, 3.0), Edge(0.0, 3.0), Edge(0.0, 3.0)))
    drawn = page(60, 40, (line("单价", 0, 0, 16), line("5元", 28, 24, 16)))
    for seed in range(50):
        for x1, y1, x2, y2 in (found.box for found in misread(drawn, wide, random.Random(seed))):
            assert 0 <= x1 < x2 <= 60
            assert 0 <= y1 < y2 <= 40


def test_measuring_misread_pages_gives_back_what_they_were_misread_by() -> None:
    errors = replace(
        PERFECT,
        missed=(Missed(2, 0.2), Missed(1000, 0.0)),
        joined=(Joined(0.5, 0.7, 0.5), Joined(1000.0, 0.0, 0.0)),
        spaces_kept=0.4,
        classes={**PERFECT.classes, "han": Misreadings(100, {"": 2, "甲": 8})},
        styles={"：": Misreadings(10, {":": 3})},
        after=Added(0.1, {">": 1}),
    )
    readings = []
    for seed in range(300):
        found = misread(SHEET, errors, random.Random(seed))
        readings.append(PageReading("test", seed, (400, 300), true_lines(SHEET), (), found))
    again = measure(readings)
    assert again.missed[0].share == pytest.approx(0.2, abs=0.07)
    assert next(row.share for row in again.joined if row.most_ems == 0.3) == pytest.approx(0.7, abs=0.08)
    assert again.spaces_kept == pytest.approx(0.4, abs=0.08)
    assert again.classes["han"].share == pytest.approx(0.1, abs=0.02)
    assert again.styles["："].share == pytest.approx(0.3, abs=0.08)
    assert again.after.share == pytest.approx(0.1, abs=0.04)


def test_what_was_measured_of_rapidocr_comes_with_the_package() -> None:
    errors = measured_errors()
    assert errors.pages >= 500
    assert errors.characters > 40_000
    assert 0.0005 < errors.classes["han"].share < 0.02
    assert errors.families["problem"] > 2 > 1 > errors.families["notice"]
    assert errors.joined[0].share > 0.9 > 0.1 > errors.joined[-1].share
    assert errors.misread["柬"].read["束"] >= 1
