"""Controls are told by their form: the side of a knob, a mark in a box, where a track changes its colour."""

from __future__ import annotations

import pytest

from kantu.contenders.pipeline.seen import SeenElement
from tests.contenders.pipeline.sheets import BLUE, GREEN, GREY, INK, RED, WHITE, Sheet


def only(sheet: Sheet, kind: str) -> list[SeenElement]:
    return [element for element in sheet.look().elements if element.kind == kind]


def switch(sheet: Sheet, x: int, y: int, *, on: bool, color: tuple[int, int, int]) -> None:
    sheet.draw.rounded_rectangle((x, y, x + 43, y + 23), 12, fill=color)
    left = x + 22 if on else x + 2
    sheet.draw.ellipse((left, y + 2, left + 19, y + 21), fill=WHITE)


def test_a_switch_is_on_where_its_knob_is_at_the_right_whatever_its_colour() -> None:
    sheet = Sheet(320, 160)
    for row, (name, on, color) in enumerate([("蓝牙", True, GREEN), ("定位", False, GREY), ("夜间", False, GREEN)]):
        sheet.text(20, 20 + 44 * row, name)
        switch(sheet, 250, 16 + 44 * row, on=on, color=color)
    seen = only(sheet, "switch")
    assert [(each.label, each.state, each.color) for each in seen] == [
        ("蓝牙", "on", "绿"),
        ("定位", "off", "灰"),
        ("夜间", "off", "绿"),
    ]


def test_a_battery_at_the_top_is_no_switch() -> None:
    sheet = Sheet(320, 480)
    sheet.text(20, 8, "09:41")
    switch(sheet, 260, 4, on=True, color=INK)
    assert not only(sheet, "switch")


@pytest.mark.parametrize("kind", ["checkbox", "radio"])
def test_a_box_or_a_ring_is_chosen_where_there_is_a_mark_in_it(kind: str) -> None:
    sheet = Sheet(320, 160)
    shape = sheet.draw.rectangle if kind == "checkbox" else sheet.draw.ellipse
    for row, name in enumerate(("接收通知", "自动续费", "记住密码")):
        y = 20 + 40 * row
        shape((20, y, 36, y + 16), outline=INK, width=1)
        sheet.text(46, y, name)
    shape((24, 64, 32, 72), fill=BLUE)
    chosen, rest = ("on", "off") if kind == "checkbox" else ("selected", "unselected")
    assert [(each.label, each.state) for each in only(sheet, kind)] == [
        ("接收通知", rest),
        ("自动续费", chosen),
        ("记住密码", rest),
    ]


def test_less_and_more_of_a_number_are_no_checkboxes() -> None:
    sheet = Sheet(320, 80)
    sheet.text(20, 30, "数量")
    for x in (200, 270):
        sheet.draw.rectangle((x, 28, x + 20, 48), outline=INK)
        sheet.draw.line((x + 5, 38, x + 15, 38), fill=INK, width=2)
    sheet.text(238, 30, "3")
    assert not only(sheet, "checkbox")


def test_a_slider_tells_where_its_knob_is_and_a_progress_bar_how_far_it_has_come() -> None:
    sheet = Sheet(320, 120)
    sheet.text(20, 20, "音量")
    sheet.draw.rounded_rectangle((80, 25, 280, 31), 3, fill=GREY)
    sheet.draw.rounded_rectangle((80, 25, 180, 31), 3, fill=BLUE)
    sheet.draw.ellipse((172, 20, 188, 36), fill=BLUE)
    sheet.text(20, 70, "进度")
    sheet.draw.rectangle((80, 74, 279, 83), fill=GREY)
    sheet.draw.rectangle((80, 74, 139, 83), fill=RED)
    (slider,), (progress,) = only(sheet, "slider"), only(sheet, "progress")
    assert (slider.label, slider.color) == ("音量", "蓝")
    assert slider.value == pytest.approx(50, abs=2)
    assert (progress.label, progress.color) == ("进度", "红")
    assert progress.value == pytest.approx(30, abs=2)


def test_a_switch_that_is_only_a_frame_is_read_by_its_knob_too() -> None:
    sheet = Sheet(320, 160)
    for row, (name, on) in enumerate([("蓝牙", True), ("定位", False)]):
        y = 16 + 44 * row
        sheet.text(20, y + 4, name)
        sheet.draw.rounded_rectangle((250, y, 293, y + 23), 12, outline=INK, width=2)
        left = 275 if on else 257
        sheet.draw.ellipse((left, y + 6, left + 11, y + 17), fill=INK)
    assert [(each.label, each.state) for each in only(sheet, "switch")] == [("蓝牙", "on"), ("定位", "off")]
