"""Stage 5: what the text model is asked."""

from __future__ import annotations

import json

from kantu.contenders.contender import Said
from kantu.contenders.pipeline.parts import Asked
from kantu.contenders.pipeline.prompt import make_prompt
from kantu.tasks.builtin import LOCATE, READ, READ_BOXES
from tests.contenders.pipeline.recorded import line, picture

ORDER = picture([line("待付款", 20, 80), line("实付款", 20, 120), line("35元", 240, 120)])
TOLD = "图片内容：\n待付款\n实付款 | 35元"


def test_the_short_form_is_the_description_and_the_question() -> None:
    prompt = make_prompt([ORDER], Asked("付了多少钱？"), "short")
    assert prompt.messages == (Said("user", f"{TOLD}\n\n付了多少钱？"),)
    assert (prompt.schema, prompt.choices, prompt.ready) == (None, None, None)


def test_the_full_form_tells_the_rules_first() -> None:
    system, user = make_prompt([ORDER], Asked("付了多少钱？")).messages
    assert system.role == "system"
    assert "只根据图片内容回答" in system.text
    assert user == Said("user", f"{TOLD}\n\n问题：付了多少钱？")


def test_the_picture_belongs_to_the_first_turn_of_the_user() -> None:
    history = (Said("system", "你是客服"), Said("user", "在吗"), Said("assistant", "在"))
    messages = make_prompt([ORDER], Asked("付了吗？", history), "short").messages
    assert messages == (history[0], Said("user", f"{TOLD}\n\n在吗"), history[2], Said("user", "付了吗？"))


def test_several_pictures_are_numbered() -> None:
    (user,) = make_prompt([ORDER, ORDER], Asked("一样吗？"), "short").messages
    assert user.text.startswith("第1张图片的内容：\n待付款")
    assert "\n\n第2张图片的内容：\n待付款" in user.text


def test_without_a_picture_there_is_only_the_question() -> None:
    assert make_prompt([], Asked("你好"), "short").messages == (Said("user", "你好"),)


def test_a_schema_is_told_without_the_boxes_that_a_text_model_cannot_know() -> None:
    asked = Asked(LOCATE.instruct(target="待付款"), schema=LOCATE.schema())
    full, short = make_prompt([ORDER], asked), make_prompt([ORDER], asked, "short")
    assert full.schema is not None
    assert full.schema == short.schema
    assert "bbox_2d" not in json.dumps(full.schema)
    assert full.messages[-1].text.endswith(json.dumps(full.schema, ensure_ascii=False))
    assert short.messages[-1].text.endswith(asked.question)


def test_choices_are_listed() -> None:
    prompt = make_prompt([ORDER], Asked("付款了吗？", choices=("付了", "没付")))
    assert prompt.choices == ("付了", "没付")
    assert prompt.messages[-1].text.endswith("原样写出：\n付了\n没付")


def test_what_stands_in_a_region_that_the_question_names_is_told_before_it() -> None:
    prompt = make_prompt([ORDER], Asked("[500, 140, 1000, 190]里是什么"), "short")
    assert prompt.messages[-1].text.endswith("\n\n图中[500, 140, 1000, 190]处：\n35元\n\n[500, 140, 1000, 190]里是什么")
    empty = make_prompt([ORDER], Asked("[0, 800, 1000, 900]里是什么"), "short")
    assert "处：\n没有文字\n" in empty.messages[-1].text


def test_reading_out_takes_no_model() -> None:
    assert make_prompt([ORDER], Asked(READ.instruct())).ready == "待付款\n实付款 35元"
    lines = json.loads(make_prompt([ORDER], Asked(READ_BOXES.instruct(), schema=READ_BOXES.schema())).ready or "")
    assert lines[0] == {"bbox_2d": [50, 100, 200, 125], "text": "待付款"}
    assert [each["text"] for each in lines] == ["待付款", "实付款", "35元"]
