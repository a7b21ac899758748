"""A text model names what is looked for; the lines and elements say where it stands."""

from __future__ import annotations

import json
from typing import Any

from kantu.contenders.pipeline.places import with_boxes, without_boxes
from kantu.contenders.pipeline.seen import SeenElement
from kantu.tasks.builtin import LOCATE, ORDER, UI, UI_POINT
from kantu.tasks.task import Task
from tests.contenders.pipeline.recorded import line, picture

LINES = [line("待付款", 40, 80), line("付款", 240, 160), line("夜间模式", 40, 240)]
PAY = SeenElement("button", (220, 150, 300, 190), "红", text="付款", lines=(1,))
NIGHT = SeenElement("switch", (340, 240, 380, 260), "绿", "on", label="夜间模式")


def _schema(task: Task) -> dict[str, Any]:
    schema = task.schema()
    assert schema is not None
    return schema


def _placed(record: Any, task: Task, question: str = "") -> Any:
    return with_boxes(record, _schema(task), question, [picture(LINES, PAY, NIGHT)])


def test_a_schema_loses_its_boxes_and_nothing_else() -> None:
    schema = _schema(LOCATE)
    stripped = without_boxes(schema)
    assert "bbox_2d" not in json.dumps(stripped)
    assert stripped["$defs"]["LabelledBox"]["required"] == ["label"]
    assert "bbox_2d" in json.dumps(schema)
    assert without_boxes(_schema(ORDER)) == _schema(ORDER)


def test_a_printed_text_stands_where_its_line_does() -> None:
    assert _placed([{"label": "待付款"}], LOCATE) == [{"bbox_2d": [100, 100, 250, 125], "label": "待付款"}]


def test_a_part_of_a_line_stands_in_a_part_of_its_box() -> None:
    assert _placed([{"label": "夜间"}], LOCATE) == [{"bbox_2d": [100, 300, 200, 325], "label": "夜间"}]


def test_a_button_is_its_frame_where_a_button_is_meant() -> None:
    (asked_for_words,) = _placed([{"label": "付款"}], LOCATE, "“待付款”在哪里")
    (asked_for_button,) = _placed([{"label": "付款"}], LOCATE, "付款按钮在哪里")
    assert asked_for_words["bbox_2d"] == [150, 100, 250, 125]  # the first place where the words are printed
    assert asked_for_button["bbox_2d"] == [550, 188, 750, 238]


def test_what_is_to_be_pressed_is_the_control_and_not_its_label() -> None:
    (switch,) = _placed([{"label": "夜间模式"}], LOCATE, "我要操作“夜间模式”，在哪里")
    (words,) = _placed([{"label": "待付款"}], LOCATE, "我想点待付款，在哪里")  # there is no control of that name
    assert (switch["bbox_2d"], words["bbox_2d"]) == ([850, 300, 950, 325], [100, 100, 250, 125])


def test_what_is_named_again_has_the_next_place() -> None:
    first, second = _placed([{"label": "付款"}, {"label": "付款"}], LOCATE)
    assert (first["bbox_2d"], second["bbox_2d"]) == ([150, 100, 250, 125], [600, 200, 700, 225])


def test_what_is_not_there_is_left_out_of_what_was_found() -> None:
    assert _placed([{"label": "退款"}], LOCATE) == []


def test_controls_stand_where_elements_of_their_kind_do() -> None:
    told = [
        {"kind": "开关", "label": "夜间模式", "state": "开"},
        {"kind": "菜单项", "label": "待付款", "state": None},
        {"kind": "按钮", "label": "退款", "state": None},
    ]
    placed = _placed(told, UI)
    assert [each["bbox_2d"] for each in placed] == [[850, 300, 950, 325], [100, 100, 250, 125], [0, 0, 0, 0]]
    assert list(placed[0]) == ["kind", "label", "state", "bbox_2d"]


def test_a_single_control_has_a_box_too() -> None:
    placed = _placed({"kind": "按钮", "label": "付款", "state": None}, UI_POINT)
    assert placed["bbox_2d"] == [550, 188, 750, 238]


def test_a_misread_name_is_found_where_it_comes_nearest() -> None:
    (found,) = with_boxes([{"label": "夜问模式"}], _schema(LOCATE), "", [picture(LINES)])
    assert found["bbox_2d"] == [100, 300, 300, 325]


def test_a_box_that_the_model_made_up_is_replaced() -> None:
    (found,) = _placed([{"bbox_2d": [1, 2, 3, 4], "label": "待付款"}], LOCATE)
    assert found["bbox_2d"] == [100, 100, 250, 125]


def test_an_element_whose_label_is_not_printed_is_found_all_the_same() -> None:
    cat = SeenElement("picture", (40, 400, 240, 600), label="猫")
    (found,) = with_boxes([{"label": "猫"}], _schema(LOCATE), "猫在哪个位置", [picture(LINES, cat)])
    assert found["bbox_2d"] == [100, 500, 600, 750]
