"""Pictures are counted and have the colour that most of them has; icons are small ones."""

from __future__ import annotations

from tests.contenders.pipeline.sheets import BLUE, GREEN, RED, WHITE, Sheet


def test_things_without_text_are_pictures_each_in_its_colour() -> None:
    sheet = Sheet(400, 300, (250, 240, 225))
    sheet.draw.ellipse((40, 40, 120, 120), fill=RED)
    sheet.draw.polygon([(200, 200), (240, 120), (280, 200)], fill=GREEN)
    sheet.draw.ellipse((300, 220, 370, 280), fill=BLUE, outline=WHITE, width=6)
    pictures = [(each.kind, each.color) for each in sheet.look().elements]
    assert pictures == [("picture", "红"), ("picture", "绿"), ("picture", "蓝")]


def test_a_picture_on_its_own_ground_is_one_picture() -> None:
    sheet = Sheet(300, 200)
    sheet.draw.rectangle((20, 40, 120, 140), fill=(250, 210, 225))
    sheet.draw.ellipse((45, 65, 95, 115), fill=RED)
    sheet.text(140, 50, "草莓蛋糕")
    sheet.text(140, 90, "¥28")
    assert [each.kind for each in sheet.look().elements] == ["picture"]


def test_small_ones_are_icons_and_letters_are_neither() -> None:
    sheet = Sheet(300, 120)
    sheet.draw.polygon([(20, 30), (36, 30), (28, 44)], fill=BLUE)
    sheet.text(60, 28, "筛选条件")
    assert [each.kind for each in sheet.look().elements] == ["icon"]


def test_what_can_hardly_be_seen_is_left_out() -> None:
    sheet = Sheet(300, 200)
    sheet.draw.ellipse((40, 40, 140, 140), fill=(232, 232, 232))
    assert sheet.look().elements == ()
