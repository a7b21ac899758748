"""What is trained is what the pipeline asks, word for word."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kantu.contenders.pipeline.parts import Asked, Picture
from kantu.contenders.pipeline.prompt import make_prompt
from kantu.synth.page import Question
from kantu.tasks.builtin import EXTRACT, LOCATE, READ
from kantu.training.mini_text.told import asked, opening, told, without_boxes
from tests.training.mini.pages import line, page
from tests.training.mini_text.test_misreading import PERFECT

PRICE = Question("field", "单价多少？", "5元")


@pytest.fixture(scope="module")
def picture() -> Picture:
    return told(page(320, 200, (line("单价", 20, 20, 16), line("5元", 80, 20, 16))), PERFECT, random.Random(0))


def test_a_page_is_described_by_the_pipelines_own_stages(picture: Picture) -> None:
    assert [line.text for line in picture.lines] == ["单价", "5元"]
    assert picture.seen.rows == ((0, 1),)
    assert "单价" in picture.description
    assert "5元" in picture.description


@pytest.mark.parametrize("pictures", [0, 1, 2])
def test_opening_and_question_are_the_prompt(picture: Picture, pictures: int) -> None:
    shown = [picture] * pictures
    (turn,) = asked(shown, [PRICE])
    (message,) = make_prompt(shown, Asked(PRICE.question), "short").messages
    assert opening(shown) + turn.question == message.text
    assert turn.question == "单价多少？"
    assert (turn.answer, turn.kind) == (PRICE.answer, PRICE.kind)


def test_what_stands_at_the_place_a_question_names_is_told_with_it(picture: Picture) -> None:
    (turn,) = asked([picture], [replace(PRICE, question="[240, 90, 400, 190]处写着什么？")])
    assert "5元" in turn.question
    assert turn.question.endswith("处写着什么？")


def test_what_the_pipeline_answers_without_a_model_is_not_learned(picture: Picture) -> None:
    whole = Question("transcribe", READ.instruct(), "单价 5元", task=READ.name)
    assert list(asked([picture], [whole, PRICE])) == list(asked([picture], [PRICE]))


def test_records_are_answered_without_their_boxes() -> None:
    answer = '[{"bbox_2d": [1, 2, 3, 4], "label": "单价"}]'
    assert without_boxes(Question("box", "在哪", answer, task=LOCATE.name)) == '[{"label": "单价"}]'
    record = '{"单价": "5元"}'
    assert without_boxes(Question("record", "写成 JSON", record, task=EXTRACT.name)) == record
    assert without_boxes(PRICE) == "5元"
