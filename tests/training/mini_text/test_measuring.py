"""How a reader errs is counted from what it read of pages whose lines are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kantu.solve.reader import PrintedLine
from kantu.training.mini_text.measuring import measure
from kantu.training.mini_text.reader_errors import ReaderErrors
from kantu.training.mini_text.readings import PageReading, TrueLine
from tests.training.mini_text.test_matching import printed, read


def one(lines: tuple[TrueLine, ...], found: tuple[PrintedLine, ...]) -> PageReading:
    elements = (("icon", (300.0, 300.0, 320.0, 320.0)), ("card", (0.0, 0.0, 400.0, 400.0)))
    return PageReading("test", 0, (400, 400), lines, elements, found)


def measured(*pages: tuple[tuple[TrueLine, ...], tuple[PrintedLine, ...]]) -> ReaderErrors:
    return measure(one(*page) for page in pages)


def test_a_reader_without_errors_has_none() -> None:
    found = measured(
        ((printed("订单编号", 0, 0), printed("8", 0, 40)), (read("订单编号", 0, 0, 64, 16), read("8", 0, 40, 16, 56)))
    )
    assert (found.pages, found.lines, found.characters) == (1, 2, 5)
    assert all(row.share == 0 for row in found.missed)
    assert all(kind.share == 0 for kind in found.classes.values())
    assert not found.ghosts
    assert found.before.share == found.inside.share == found.after.share == 0


def test_misread_lost_and_added_characters_are_told_apart() -> None:
    found = measured(((printed("柬埔寨王国", 0, 0),), (read("束埔王国>", 0, 0, 80, 16),)))
    assert found.misread["柬"].read == {"束": 1}
    assert found.misread["寨"].read == {"": 1}
    assert found.classes["han"].share == pytest.approx(2 / 5)
    assert found.after.read == {">": 1}


def test_one_sign_in_another_style_is_not_misread() -> None:
    found = measured(((printed("单价：5", 0, 0),), (read("单价:5", 0, 0, 64, 16),)))
    assert found.styles["："].read == {":": 1}
    assert all(kind.share == 0 for kind in found.classes.values())


def test_missed_lines_are_counted_by_length_and_single_ones_by_character() -> None:
    found = measured(((printed("8", 0, 0), printed("合计", 0, 40), printed("元", 0, 80)), (read("元", 0, 80, 16, 96),)))
    assert found.missed_alone == {"han": 0.0, "digit": 1.0, "latin": 0.0, "mark": 0.0}
    assert found.missed[0].share == 1.0
    assert found.missed[1].share == 0.0


def test_neighbours_read_as_one_are_counted_by_their_gap() -> None:
    near = ((printed("单价", 0, 0), printed("5元", 36, 0)), (read("单价 5元", 0, 0, 68, 16),))
    far = ((printed("单价", 0, 0), printed("5元", 72, 0)), (read("单价", 0, 0, 32, 16), read("5元", 72, 0, 104, 16)))
    rows = {row.most_ems: row for row in measured(near, far).joined}
    assert (rows[0.3].share, rows[0.3].spaced) == (1.0, 1.0)
    assert rows[3.0].share == 0.0


def test_families_and_pages_differ_in_how_much_is_misread() -> None:
    def pages(family: str, wrong: int) -> list[PageReading]:
        found = "x" * wrong + "甲" * (20 - wrong)
        whole = one((printed("甲" * 20, 0, 0),), (read(found, 0, 0, 320, 16),))
        return [replace(whole, family=family)] * 20

    even = measure([*pages("good", 1), *pages("bad", 5)])
    assert even.families["bad"] > 1.5 > 0.6 > even.families["good"]
    uneven = measure([*pages("good", 1), *pages("bad", 0), *pages("bad", 10)])
    assert uneven.dispersion < 2 < even.dispersion


def test_spaces_and_cuts() -> None:
    kept = ((printed("12 34", 0, 0),), (read("12 34", 0, 0, 80, 16),))
    dropped = ((printed("12 34", 0, 0),), (read("1234", 0, 0, 80, 16),))
    cut = ((printed("12 34", 0, 0),), (read("12", 0, 0, 32, 16), read("34", 48, 0, 80, 16)))
    found = measured(kept, dropped, cut)
    assert found.spaces_kept == 0.5
    assert found.cut_at_space == pytest.approx(1 / 3, abs=1e-4)
    assert found.cut_elsewhere == 0


def test_ghosts_are_told_by_the_smallest_thing_that_holds_them_but_not_by_what_groups() -> None:
    found = measured(((), (read("+", 305, 305, 315, 315), read("★", 100, 200, 120, 220))))
    ((icon,),) = found.ghosts["icon"].read
    assert (icon.text, icon.box, found.ghosts["icon"].share) == ("+", (0.25, 0.25, 0.75, 0.75), 1.0)
    ((loose,),) = found.ghosts[""].read
    assert (loose.text, loose.box) == ("★", (0.25, 0.5, 0.3, 0.55))


def test_a_box_ends_where_the_ink_does() -> None:
    whole = ((printed("甲乙丙", 0, 0),), (read("甲乙丙", 2, 0, 46, 16),))
    stopped = ((printed("甲乙。", 0, 0),), (read("甲乙。", 2, 0, 38, 16),))
    found = measured(whole, whole, stopped, stopped)
    assert found.edges[0].mean == pytest.approx(2 / 16)
    assert found.edges[2].mean == pytest.approx(-2 / 16)
    assert found.edges[4].mean == pytest.approx(-10 / 16)
