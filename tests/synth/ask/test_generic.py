"""Facts, lines and elements become questions; each has the one answer the page gives."""

from __future__ import annotations

import json
import random

import pytest
from PIL import Image

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.generic import GENERIC, Asker, ask, ask_more
from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Fact, Item, Listing, Marked, Pair, Table
from kantu.synth.page import Color, Element, Line, Page, Question


def line(text: str, x: float, y: float, size: float = 16, color: Color = (20, 20, 20), role: str = "") -> Line:
    boxes = tuple((x + i * size, y, x + (i + 1) * size, y + size) for i in range(len(text)))
    return Line(text, (x, y, x + len(text) * size, y + size), boxes, size, role, text, color)


def scene(lines: tuple[Line, ...], *facts: Fact, elements: tuple[Element, ...] = ()) -> Scene:
    page = Page("test", 0, Image.new("RGB", (400, 400)), lines, elements, facts)
    return Scene(random.Random(1), page, page)


def every(asker: Asker, page: Scene) -> list[Question]:
    """What many tries of one asker give."""
    found = [asker(page) for _ in range(60)]
    return [question for question in found if question]


FORM = (
    line("借书单", 20, 10, 24, role="title"),
    line("书名：", 20, 60),
    line("山海经", 100, 60, color=(210, 30, 30)),
    line("编号", 20, 90),
    line("TX0042", 100, 90),
)
FACTS: tuple[Fact, ...] = (Pair("书名", "山海经", "goods"), Pair("编号", "TX0042", "code"))


def test_a_label_is_asked_for_its_value_and_a_value_for_its_label() -> None:
    page = scene(FORM, *FACTS)
    told = {"书名": "山海经", "编号": "TX0042"}
    for question in every(fields.value, page):
        assert any(label in question.question and question.values == (value,) for label, value in told.items())
    assert {q.answer for q in every(fields.label_of, page)} == {"书名", "编号"}
    assert {q.answer for q in every(fields.spell, page)} == {"T X 0 0 4 2"}


def test_a_record_holds_what_is_asked_for_and_null_for_what_is_not_there() -> None:
    records = [json.loads(q.answer) for q in every(fields.record, scene(FORM, *FACTS))]
    stated = {"书名": "山海经", "编号": "TX0042"}
    assert stated in records
    assert all({key: value for key, value in record.items() if value is not None} == stated for record in records)
    assert any(None in record.values() for record in records)


def test_what_is_unanswerable_is_neither_printed_nor_shown_without_a_label() -> None:
    known = Pair("", "山海经", "goods", name="goods")
    asked = {q.answer for q in every(fields.unanswerable, scene(FORM, known))}
    assert asked
    assert all("没有" in answer and "书名" not in answer and "商品" not in answer for answer in asked)


def test_colours_are_asked_for_when_one_text_only_has_that_colour() -> None:
    (question, *_) = every(places.color, scene(FORM))
    assert question.answer == "山海经"
    assert "红色" in question.question
    assert every(places.color, scene((*FORM, line("逾期", 20, 130, color=(230, 40, 20))))) == []


def test_the_largest_text_is_asked_for_when_it_clearly_is() -> None:
    assert {(q.kind, q.answer) for q in every(places.largest, scene(FORM))} == {("largest", "借书单")}
    assert every(places.largest, scene(FORM[1:])) == []


def test_a_button_is_asked_for_by_its_box() -> None:
    button = Element("button", "续借", (200, 300, 300, 340))
    boxes = [json.loads(q.answer)[0] for q in every(places.where, scene(FORM, elements=(button,)))]
    assert {"bbox_2d": [500, 750, 750, 850], "label": "续借"} in boxes
    assert {"bbox_2d": [250, 150, 370, 190], "label": "山海经"} in boxes


def test_what_stands_out_is_asked_for_when_there_is_one_of_it() -> None:
    facts = (Marked("title", "借书单"), Marked("tab", "全部"), Marked("tab", "在借"))
    assert {(q.kind, q.answer) for q in every(fields.marked, scene(FORM, *facts))} == {("title", "借书单")}


def test_tables_goods_and_lists_are_asked_about() -> None:
    table = Table(("书", "天数"), (("山海经", "30"), ("诗经", "14")))
    goods = (Item("山海经", "¥12.5", "×2"), Item("诗经", "¥9", "×1"))
    page = scene(FORM, table, *goods, Listing(("山海经", "诗经"), "数据"))
    cells = every(fields.cell, page)
    assert {q.answer for q in cells} == {"30", "14"}
    assert all(("山海经" in q.question) == (q.answer == "30") for q in cells)
    prices = [q for q in every(fields.goods, page) if q.kind == "price"]
    assert all(("山海经" in q.question) == (q.answer == "¥12.5") for q in prices)
    assert {q.values for q in every(fields.count, page)} == {("2",)}


def test_cards_are_read_out_by_their_box_or_their_title() -> None:
    card = Element("card", "", (0, 0, 400, 120))
    questions = every(texts.transcribe_card, scene((*FORM, line("页脚", 20, 300)), elements=(card,)))
    assert {q.answer for q in questions} == {"借书单\n书名： 山海经\n编号 TX0042"}
    assert any("借书单" in q.question for q in questions)
    assert any("[0, 0, 1000, 300]" in q.question for q in questions)


@pytest.mark.parametrize(("least", "most"), [(6, 10), (8, 12), (3, 3)])
def test_a_page_gets_as_many_questions_as_wanted_and_none_twice(least: int, most: int) -> None:
    for _ in range(20):
        questions = ask(scene(FORM, *FACTS), GENERIC, least=least, most=most)
        assert least <= len(questions) <= most
        assert len({q.question for q in questions}) == len({(q.kind, q.answer) for q in questions}) == len(questions)


def test_a_page_can_be_asked_more_until_it_has_nothing_new() -> None:
    few = ask_more(scene(FORM, *FACTS), GENERIC, 5)
    many = ask_more(scene(FORM, *FACTS), GENERIC, 500)
    assert len(few) == 5
    assert 20 < len(many) < 500
    assert len({q.question for q in many}) == len({(q.kind, q.answer) for q in many}) == len(many)


def test_what_comes_first_is_asked_before_all_else_and_what_does_not_apply_is_passed_over() -> None:
    def own(page: Scene) -> Question:
        return Question("own", "谁借的", "我")

    questions = ask(scene(FORM, *FACTS), GENERIC, first=(lambda page: None, own))
    assert questions[0].kind == "own"


def test_even_a_page_of_one_line_is_asked_something() -> None:
    questions = ask(scene((line("山海经图志全译", 20, 20),)))
    assert len(questions) >= 6


def test_a_page_without_text_is_asked_only_what_it_can_be_asked() -> None:
    for _ in range(20):
        assert all(question.absent for question in ask(scene(())))
