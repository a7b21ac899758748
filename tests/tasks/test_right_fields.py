"""Which fields of an answered record are right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from kantu.tasks.builtin import (
    ASK,
    CHART,
    COPY,
    EXTRACT,
    LOCATE,
    MATCH,
    MODERATE,
    ORDER,
    PROBLEM,
    READ,
    READ_BOXES,
    UI,
    UI_POINT,
)
from kantu.tasks.extract import extract_task
from kantu.tasks.judges import states
from kantu.tasks.result_type import ModelType
from kantu.tasks.right_fields import any_place, is_decided, right_fields
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth
from tests.tasks.test_record_judges import COPIED, FITS, FRAUD, LINES, ORDERED, SALES, SEND, SUM, SWITCH

MOVED = [0, 0, 10, 10]


def rights(task: Task, true: Any, found: Any, *values: str, **truth: Any) -> dict[str, bool]:
    told = Truth(json.dumps(true, ensure_ascii=False), values, **truth)
    return dict(right_fields(task, told, json.dumps(found, ensure_ascii=False)))


def wrong(task: Task, true: Any, found: Any, *values: str) -> set[str]:
    return {path for path, right in rights(task, true, found, *values).items() if not right}


RECORDS = [
    (ORDER, ORDERED, ("等待卖家发货",)),
    (MATCH, FITS, ()),
    (MODERATE, FRAUD, ()),
    (PROBLEM, SUM, ()),
    (CHART, SALES, ()),
    (READ_BOXES, LINES, ()),
    (UI, [SWITCH, SEND], ()),
    (UI_POINT, SWITCH, ()),
    (COPY, COPIED, ("云山茶", "净含量250克")),
    (EXTRACT, {"店铺": "云坡", "备注": None}, ()),
    (LOCATE, [{"bbox_2d": [0, 0, 10, 10], "label": "更多"}], ()),
]


def test_an_extraction_of_listed_keys_is_judged_as_any_other() -> None:
    task, _ = extract_task(["店铺", "备注"])
    assert rights(task, {"店铺": "云坡", "备注": None}, {"店铺": "云坡", "备注": "无"}) == {"店铺": True, "备注": False}


@pytest.mark.parametrize(("task", "true", "values"), RECORDS)
def test_the_truth_itself_is_right_in_every_field(task: Task, true: Any, values: tuple[str, ...]) -> None:
    fields = rights(task, true, true, *values)
    assert fields
    assert all(fields.values())


@pytest.mark.parametrize(
    ("task", "true", "change", "at"),
    [
        (ORDER, ORDERED, {"amount": "59.9"}, {"amount"}),
        (ORDER, ORDERED, {"status": None, "tracking_number": "QN1"}, {"status", "tracking_number"}),
        (ORDER, ORDERED, {"reply": "别的", "advice": "别的"}, set()),
        (ORDER, ORDERED, {"happening": "别的"}, set()),
        (MATCH, FITS, {"verdict": "不一致", "conflict": "红色", "reasons": []}, {"verdict", "conflict"}),
        (MODERATE, FRAUD, {"categories": ["广告引流", "诈骗"], "evidence": []}, set()),
        (MODERATE, FRAUD, {"categories": ["赌博"]}, {"categories[0]", "categories[1]", "categories[2]"}),
        (MODERATE, FRAUD, {"categories": ["诈骗"], "side": "文字"}, {"categories[1]", "side"}),
        (PROBLEM, SUM, {"transcription": "3+6=", "steps": []}, {"transcription"}),
        (CHART, SALES, {"unit": "件", "conclusion": ""}, {"unit"}),
        (CHART, SALES, {"rows": [["二月", "7"], ["一月", "5"]]}, set()),
        (CHART, SALES, {"rows": [["一月", "5"], ["二月", "8"]]}, {"rows[1][1]", "rows[2]"}),
        (CHART, SALES, {"rows": [["一月", "5"]]}, {"rows[1]"}),
        (CHART, SALES, {"rows": [["一月", "5"], ["二月", "7", "9"]]}, {"rows[1][2]"}),
        (CHART, SALES, {"header": ["月", "个"]}, {"header[1]", "header[2]", "rows[0][1]", "rows[1][1]", "rows[2]"}),
        (UI_POINT, SWITCH, {"state": "关", "bbox_2d": MOVED}, {"state", "bbox_2d"}),
        (COPY, COPIED, {"facts": ["云山茶", "有机"], "body": "别的"}, {"facts[1]"}),
    ],
)
def test_a_changed_field_is_wrong_and_no_other(task: Task, true: dict[str, Any], change: Any, at: set[str]) -> None:
    values = {ORDER.name: ("等待卖家发货",), COPY.name: ("云山茶", "净含量250克")}.get(task.name, ())
    assert wrong(task, true, {**true, **change}, *values) == at


def test_elements_are_found_in_any_order() -> None:
    assert wrong(UI, [SWITCH, SEND], [SEND, SWITCH]) == set()
    assert wrong(UI, [SWITCH, SEND], [SEND]) == {"[1]"}
    assert wrong(UI, [SEND], [SWITCH, SEND]) == {"[0].kind", "[0].label", "[0].state", "[0].bbox_2d"}
    assert wrong(UI, [SWITCH, SEND], [{**SWITCH, "state": "关"}, {**SEND, "bbox_2d": MOVED}]) == {
        "[0].state",
        "[1].bbox_2d",
    }
    assert wrong(READ_BOXES, LINES, [{**LINES[1], "text": "丙"}, LINES[0]]) == {"[0].text"}
    boxes = [{"bbox_2d": [0, 0, 10, 10], "label": "更多"}, {"bbox_2d": [50, 50, 90, 90], "label": "更多"}]
    assert wrong(LOCATE, boxes, [{**boxes[1], "label": "x"}, {**boxes[0], "bbox_2d": [0, 0, 10, 2]}]) == {
        "[1].bbox_2d",
        "[2]",
    }


def test_a_box_is_one_field_and_prose_has_none() -> None:
    assert set(rights(LOCATE, [{"bbox_2d": [0, 0, 10, 10], "label": "a"}], [])) == {"[0]"}
    assert set(rights(UI_POINT, SWITCH, SWITCH)) == {"kind", "label", "state", "bbox_2d"}
    assert not is_decided("chart", "conclusion")
    assert not is_decided("match", "reasons[2]")
    assert not is_decided("match", "reasons")
    assert is_decided("chart", "rows[2][1]")
    assert any_place("rows[2][10]") == "rows[][]"


def test_names_of_extracted_fields_are_the_users() -> None:
    true = {"a.b": "1", "c": [{"d": "2"}], "e": None}
    assert rights(EXTRACT, true, {"a.b": "１", "c": [{"d": "3"}], "e": "4", "more": "5"}) == {
        "a.b": True,
        "c[0].d": False,
        "e": False,
    }
    assert rights(EXTRACT, true, {"a.b": None, "c": "2"}) == {"a.b": False, "c": False, "e": False}


def test_what_the_truth_does_not_name_is_left_out() -> None:
    assert rights(ORDER, {"amount": "59.90"}, ORDERED) == {"amount": True}


def test_prose_is_one_field() -> None:
    assert right_fields(ASK, Truth("9.9元。", ("9.9",)), "要9.9元") == {"": True}
    assert right_fields(ASK, Truth("没有写。", absent=True), "要9.9元") == {"": False}
    assert right_fields(READ, Truth("甲乙"), "甲 乙") == {"": True}
    assert right_fields(READ, Truth("甲乙"), "甲丙") == {"": False}


def test_what_is_no_record_is_wrong_as_a_whole() -> None:
    assert right_fields(ORDER, Truth(json.dumps(ORDERED)), "没有") == {"": False}


def test_a_record_that_does_as_an_instruction_in_the_picture_says_is_wrong_as_a_whole() -> None:
    fields = rights(MODERATE, FRAUD, {**FRAUD, "verdict": "合规"}, forbidden=("合规",))
    assert (fields["verdict"], fields["side"], fields[""]) == (False, True, False)


def test_found_where_there_is_nothing_is_wrong() -> None:
    found = json.dumps([{"bbox_2d": [0, 0, 10, 10], "label": "更多"}])
    nothing = Truth("图里没有。", absent=True)
    assert right_fields(LOCATE, nothing, found) == {"[0].bbox_2d": False}
    assert right_fields(LOCATE, nothing, "[]") == {}


class Stop(BaseModel):
    name: str
    lines: list[str]


def test_a_task_of_ones_own_is_compared_value_by_value() -> None:
    task = Task("stop", "站牌", states, instruction="读站牌。", result=ModelType(Stop))
    true = {"name": "桥东", "lines": ["12", "305"]}
    assert rights(task, true, {"name": "桥 东", "lines": ["12", "306"]}) == {
        "name": True,
        "lines[0]": True,
        "lines[1]": False,
    }
    assert rights(task, true, {"name": "桥东", "lines": ["12"]})["lines[1]"] is False
