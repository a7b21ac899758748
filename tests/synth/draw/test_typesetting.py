"""Text knows how wide it is, where it breaks and in which face it is set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kantu.synth.draw import faces
from kantu.synth.draw.typesetting import Type

pytestmark = pytest.mark.usefixtures("needs_fonts")

PLAIN = Type(faces.closest("sans", 400), 20, (0, 0, 0))
MIXED = replace(PLAIN, latin=faces.LATIN_FACES[0])


def test_chinese_characters_are_one_em_wide_and_spacing_goes_between_them() -> None:
    assert PLAIN.width("图片") == 40
    assert replace(PLAIN, spacing=3.0).width("图片字") == 66
    assert PLAIN.width("") == 0


def test_runs_without_chinese_are_set_in_the_latin_face() -> None:
    assert MIXED.face_for("¥12.50") == MIXED.latin
    assert MIXED.face_for("12元") == MIXED.face == PLAIN.face_for("12")
    assert MIXED.face_for("￥12") == MIXED.face, "latin faces lack the wide sign"


def test_what_is_too_long_is_cut_with_or_without_a_mark() -> None:
    assert PLAIN.fit("一二三四五", 100) == "一二三四五"
    assert PLAIN.fit("一二三四五", 90) == "一二三…"
    assert PLAIN.cut("一二三四五", 90) == "一二三四"
    assert replace(PLAIN, spacing=10.0).cut("一二三", 75) == "一二"


def test_lines_break_between_characters_but_not_inside_numbers_nor_before_closing_marks() -> None:
    lines, _ = PLAIN.broken("共计12345元，谢谢", 80)
    assert lines == ("共计", "12345", "元，谢谢")
    assert "".join(lines) == "共计12345元，谢谢"


def test_a_number_wider_than_the_line_is_broken_as_a_last_resort() -> None:
    text = "1234567890"
    lines, _ = PLAIN.broken(text, 50)
    assert "".join(lines) == text
    assert all(PLAIN.width(line) <= 50 for line in lines)
    assert PLAIN.widest_unit("共1234567890件") == PLAIN.width(text)


def test_all_lines_of_one_text_are_set_in_one_face() -> None:
    lines, type_ = MIXED.broken("订单号码 20260314", 100)
    assert lines[-1] == "20260314"
    assert {type_.face_for(line) for line in lines} == {MIXED.face}
