"""Questions that are run as tasks: how they are asked, and what of their results is judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image

from kantu.evaluation.items import Item, Picture
from kantu.evaluation.results import Told
from kantu.evaluation.typed import as_run, judged_fields, placed, told_by
from kantu.solve.result import Finding, PictureBox, Review, TaskResult, TaskTimings, TaskUsage, TaskVersion
from kantu.tasks.builtin import ASK, EXTRACT, LOCATE, ORDER, READ
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth
from tests.evaluation.asked import item, png
from tests.processing.pictures import encode, exif


def asked(task: Task, true: Any, question: str, **more: Any) -> Item:
    return item(question, task=task, truth=Truth(json.dumps(true, ensure_ascii=False)), **more)


def test_a_record_that_is_asked_for_in_many_words_is_run_in_the_words_of_its_task() -> None:
    run = as_run(asked(EXTRACT, {"店铺": "云", "备注": None}, "把店铺、备注整理成JSON"))
    assert run is not None
    assert run.given == {"keys": "店铺、备注"}
    assert run.question == EXTRACT.instruct(keys="店铺、备注")
    schema = run.task.schema()
    assert schema is not None
    assert list(schema["properties"]) == ["店铺", "备注"]


@pytest.mark.parametrize(
    "question",
    [
        item("多少钱", task=ASK),
        item(READ.instruct(), task=READ),
        item("更多在哪", task=LOCATE, truth=Truth("图里没有。", absent=True)),
        asked(EXTRACT, {"件数": 3}, "提取件数"),
        asked(EXTRACT, {"甲\n乙": "3"}, "提取"),
    ],
)
def test_prose_and_what_no_caller_would_ask_like_that_is_not_run(question: Item) -> None:
    assert as_run(question) is None


def test_a_field_is_right_where_all_in_it_is() -> None:
    rights = {"title": True, "rows[0][0]": True, "rows[1][0]": False}
    told = {"rows": 0.9, "rows[0]": 0.8, "title": 0.7, "conclusion": 0.6}
    assert list(judged_fields(rights, told)) == [("rows", 0.9, False), ("rows[0]", 0.8, True), ("title", 0.7, True)]


def test_a_name_with_a_dot_is_judged_for_itself() -> None:
    rights, told = {"No": True, "No.1": False}, {"No": 0.9, "No.1": 0.8}
    assert list(judged_fields(rights, told)) == [("No", 0.9, True), ("No.1", 0.8, False)]


@pytest.mark.parametrize(
    "picture",
    [
        png(),
        encode(Image.new("RGB", (96, 64)), "JPEG", exif=exif(6)),  # upright as large as the other
    ],
)
def test_boxes_in_pixels_are_told_in_thousandths_of_the_picture(picture: bytes) -> None:
    result = TaskResult[Any](
        task=TaskVersion(name="order", title="", version="0"),
        result=None,
        confidence=0.25,
        fields={
            "amount": Finding(confidence=0.5, boxes=(PictureBox(x1=16, y1=24, x2=32, y2=48),)),
            "reply": Finding(),
            "status": Finding(confidence=1.0, boxes=(PictureBox(picture=1, x1=0, y1=0, x2=9, y2=9),)),
        },
        review=Review(needed=True),
        model="toy",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )
    told = told_by(result, [Picture("a", picture)])  # of 64 x 96 pixels
    assert told == Told(0.25, {"amount": 0.5, "status": 1.0}, {"amount": ((250.0, 250.0, 500.0, 500.0),)}, True)


def test_the_box_of_a_right_value_overlaps_one_of_the_places_where_it_stands() -> None:
    there, elsewhere = (100.0, 100.0, 200.0, 200.0), (700.0, 700.0, 800.0, 800.0)
    places = {"59.9": (elsewhere, there), "A 7": (there,)}
    question = asked(ORDER, {}, ORDER.instruct(), places=places)
    answered = json.dumps({"amount": "59.9", "order_number": "A7", "status_text": "已发货", "tracking_number": "A 7"})
    rights = {"amount": True, "order_number": True, "status_text": True, "tracking_number": False}
    boxes = {"amount": ((100.0, 100.0, 190.0, 200.0),), "order_number": (elsewhere,), "status_text": (there,)}
    told = Told(0.9, {}, boxes, False)
    assert placed(question, answered, rights, told) == {"amount": True, "order_number": False}
    assert placed(question, answered, rights, None) == {}  # of who names no boxes


def test_boxes_of_the_record_itself_and_those_of_missing_things_count() -> None:
    rights = {"[0].label": True, "[0].bbox_2d": True, "[1].bbox_2d": False, "[2]": False}
    assert placed(item(), "[]", rights, None) == {"[0].bbox_2d": True, "[1].bbox_2d": False, "[2]": False}
    assert placed(item(), "{}", {"kind": False, "bbox_2d": True}, None) == {"bbox_2d": True}
