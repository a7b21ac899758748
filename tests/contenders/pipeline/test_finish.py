"""Stage 7: from what a text model wrote to the answer."""

from __future__ import annotations

import json

from kantu.contenders.pipeline.finish import finish, translator
from kantu.contenders.pipeline.parts import Asked
from kantu.tasks.builtin import LOCATE
from tests.contenders.pipeline.recorded import line, picture
from tests.contenders.scripted import Scripted

ORDER = picture([line("待付款", 20, 80)])
PROSE = Asked("付款了吗？")
WHERE = Asked("“待付款”在哪里？", schema=LOCATE.schema())


def test_prose_loses_thoughts_prefixes_and_code_blocks() -> None:
    assert finish("<think>先看状态。</think>\n答案：待付款", PROSE, [ORDER]) == "待付款"
    assert finish("```\n待付款\n```", PROSE, [ORDER]) == "待付款"
    assert finish("<think>想到一半", PROSE, [ORDER]) == ""


def test_a_record_is_repaired_and_gets_its_boxes() -> None:
    answer = finish('```json\n[{"label": "待付款"},]\n```', WHERE, [ORDER])
    assert json.loads(answer) == [{"bbox_2d": [50, 100, 200, 125], "label": "待付款"}]


def test_a_record_that_cannot_be_read_stays_as_it_was_written() -> None:
    assert finish("图里没有这个。", WHERE, [ORDER]) == "图里没有这个。"


def test_the_choice_that_was_meant_is_found() -> None:
    asked = Asked("付款了吗？", choices=("一致", "不一致", "无法判断"))
    assert finish("不一致", asked, []) == "不一致"
    assert finish("我认为不一致。", asked, []) == "不一致"
    assert finish("一致或者无法判断", asked, []) == "一致或者无法判断"


def test_an_answer_in_another_language_is_translated_where_someone_can() -> None:
    other = Scripted(lambda said: "这个订单还没有付款。 ")
    said = "The order is not paid yet."
    assert finish(said, PROSE, [ORDER], translator(other)) == "这个订单还没有付款。"
    assert other.asked[0].endswith(said)
    assert finish(said, PROSE, [ORDER]) == said


def test_names_and_chinese_are_not_translated() -> None:
    other = Scripted(lambda said: "译文")
    for said in ("SF Express", "20240101", "已付款，Visa card ending 1234"):
        assert finish(said, PROSE, [ORDER], translator(other)) == said
    assert other.asked == []
