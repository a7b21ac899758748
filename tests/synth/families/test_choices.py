"""Choices whose words are not on the page."""

from __future__ import annotations

import random

import pytest
from PIL import Image

from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Pair
from kantu.synth.families.order.choices import choice
from kantu.synth.page import Page, Question


def asked(category: str, *, status: str = "待商家发货") -> list[Question]:
    facts = (Pair("", status, name="status"),) if status else ()
    page = Page("order", 0, Image.new("RGB", (64, 64)), (), facts=facts)
    made = (choice(category, Scene(random.Random(seed), page, page)) for seed in range(200))
    return [question for question in made if question]


@pytest.mark.parametrize(
    ("category", "sent"), [("unpaid", False), ("unshipped", False), ("shipped", True), ("done", True)]
)
def test_whether_it_was_sent_follows_from_the_state(category: str, sent: bool) -> None:
    answers = {q.answer for q in asked(category) if "发货了吗？" in q.question or "货发了吗" in q.question}
    assert answers <= (
        {"已发货", "已经发货", "发了", "是", "发货了"} if sent else {"未发货", "还没发货", "没发", "否", "没有发货"}
    )
    assert len(answers) >= 2


def test_the_options_are_named_in_the_question_and_the_answer_is_one_of_them() -> None:
    questions = asked("shipped")
    assert all(question.answer in question.question for question in questions)
    assert all(question.values == (question.answer,) for question in questions)


@pytest.mark.parametrize("category", ["refund", "ticket", "invented"])
def test_a_state_that_decides_nothing_is_not_asked_about(category: str) -> None:
    assert asked(category) == []


def test_a_page_that_shows_no_state_is_not_asked_either() -> None:
    assert asked("shipped", status="") == []
