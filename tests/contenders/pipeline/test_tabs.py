"""Of tabs one is selected: by its ink, its ground or a line under it."""

from __future__ import annotations

from kantu.contenders.pipeline.seen import SeenElement
from tests.contenders.pipeline.sheets import BLUE, GREY, INK, RED, WHITE, Sheet

NAMES = ("全部", "待付款", "待收货", "已完成")


def tabs(sheet: Sheet) -> dict[str, str]:
    return {each.text: each.state for each in sheet.look().elements if each.kind == "tab"}


def expected(selected: str) -> dict[str, str]:
    return {name: "selected" if name == selected else "unselected" for name in NAMES}


def page(selected: str, ink: tuple[int, int, int] = INK) -> Sheet:
    sheet = Sheet(400, 300)
    for place, name in enumerate(NAMES):
        sheet.text(20 + 100 * place, 20, name, color=ink if name == selected else INK)
    return sheet


def test_by_its_ink() -> None:
    assert tabs(page("待收货", RED)) == expected("待收货")


def test_by_a_line_below_it() -> None:
    sheet = page("待付款")
    sheet.draw.rectangle((120, 44, 168, 47), fill=RED)
    assert tabs(sheet) == expected("待付款")


def test_by_its_ground() -> None:
    sheet = Sheet(400, 300)
    sheet.plate((10, 12, 76, 44), BLUE)
    for place, name in enumerate(NAMES):
        sheet.text(20 + 100 * place, 20, name, color=INK if place else WHITE)
    assert tabs(sheet) == expected("全部")


def test_a_row_in_which_all_look_alike_has_none() -> None:
    assert tabs(page("")) == {}


def test_buttons_beside_each_other_are_options_of_which_one_is_chosen() -> None:
    sheet = Sheet(400, 300)
    for place, name in enumerate(("小份", "中份", "大份")):
        sheet.plate((20 + 110 * place, 100, 110 + 110 * place, 136), RED if place == 1 else GREY, text=name, ink=INK)
    seen: list[SeenElement] = [each for each in sheet.look().elements if each.kind == "button"]
    assert {each.text: each.state for each in seen} == {"小份": "unselected", "中份": "selected", "大份": "unselected"}
