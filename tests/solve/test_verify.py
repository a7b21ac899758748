"""A record is looked up in what stands in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from kantu.processing.image import CleanImage
from kantu.solve.reader import PrintedLine
from kantu.solve.result import PictureBox
from kantu.solve.verify import in_original, unverified, verify, wrong_lengths

LINE = PrintedLine("订单号 8230417756", (10, 20, 170, 40), 0.99)
OTHER = PrintedLine("合计 347.80", (10, 60, 110, 80), 0.99)


def box(*edges: int, picture: int = 0) -> PictureBox:
    return PictureBox(picture=picture, x1=edges[0], y1=edges[1], x2=edges[2], y2=edges[3])


def test_lines_are_scaled_to_the_original_picture() -> None:
    image = CleanImage.of(np.zeros((100, 200, 3), np.uint8), (400, 300))
    assert in_original((LINE,), image)[0].box == (20, 60, 340, 120)


def test_a_value_that_is_printed_is_verified_and_its_box_is_that_of_its_words() -> None:
    checked = verify({"number": "8230417756"}, {"number": (box(60, 22, 180, 45),)}, [(LINE, OTHER)])
    assert checked.found == {"number": True}
    (found,) = checked.boxes["number"]
    assert found.x1 > 50
    assert (found.y1, found.x2, found.y2) == (20, 170, 40)


def test_a_value_that_stands_in_another_picture_is_placed_there() -> None:
    checked = verify({"total": "347.80"}, {"total": (box(0, 0, 50, 50),)}, [(LINE,), (OTHER,)])
    assert [place.picture for place in checked.boxes["total"]] == [1]


def test_what_is_not_printed_keeps_its_box_and_is_flagged() -> None:
    values, named = {"number": "A-99-1107"}, {"number": (box(60, 22, 180, 45),)}
    checked = verify(values, named, [(LINE,)])
    assert checked.found == {"number": False}
    assert checked.boxes["number"] == named["number"]
    (problem,) = unverified(values, checked.found, None, {}, [(LINE,)])
    assert (problem.code, problem.field) == ("unverified", "number")


def test_a_number_that_differs_by_a_digit_is_shown_where_it_is_printed_and_flagged() -> None:
    checked = verify({"number": "8230417757"}, {}, [(LINE,)])
    assert checked.found == {"number": False}
    assert checked.boxes["number"][0].y1 == 20


def test_numbers_of_an_answer_are_looked_up_but_not_those_of_the_question() -> None:
    found = unverified({}, {}, "一共347.80元，不是200元，付了99元", {"question": "是200元吗？"}, [(OTHER,)])
    assert [problem.message for problem in found] == ["未核实：图中没有读到“99”。"]


def test_labels_dates_and_other_forms_that_the_question_has_are_known_and_parts_of_its_numbers_are_not() -> None:
    question = {"question": "下单时间 2026-11-03，“待发货”的是15件吗？"}
    prose = "“待发货”的订单在2026年11月3日下单，不是5件，合计347.80"
    assert [problem.message for problem in unverified({}, {}, prose, question, [(OTHER,)])] == [
        "未核实：图中没有读到“5”。"
    ]


def test_a_number_shorter_than_what_stands_there_is_flagged() -> None:
    from PIL import Image, ImageDraw, ImageFont

    drawn = Image.new("RGB", (320, 64), "white")
    ImageDraw.Draw(drawn).text((20, 16), "8230417756", font=ImageFont.load_default(28), fill="black")
    left, top, right, bottom = Image.eval(drawn.convert("L"), lambda level: 255 - level).getbbox() or (0, 0, 0, 0)
    image = CleanImage.of(np.asarray(drawn).copy(), (640, 128))  # shown to the model at half its size
    place = {"number": (box(left * 2 - 4, top * 2 - 4, right * 2 + 4, bottom * 2 + 4),)}
    assert [p.code for p in wrong_lengths({"number": "823041775"}, place, [image])] == ["length_seen"]
    assert list(wrong_lengths({"number": "8230417756"}, place, [image])) == []


@pytest.mark.parametrize("boxes", [{}, {"number": (box(0, 0, 9, 9), box(0, 9, 9, 18))}])
def test_without_one_box_nothing_is_counted(boxes: dict[str, tuple[PictureBox, ...]]) -> None:
    image = CleanImage.of(np.zeros((64, 64, 3), np.uint8), (64, 64))
    assert list(wrong_lengths({"number": "823"}, boxes, [image])) == []
