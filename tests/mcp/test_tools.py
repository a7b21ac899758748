"""A tool is made of its task: what it takes, and how arguments become a call."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from kantu.errors import InvalidRequestError
from kantu.mcp.tools import TaskTool, tools_of
from kantu.tasks.builtin import LOCATE, MATCH, ORDER, TASKS, UI_POINT
from kantu.tasks.judges import states
from kantu.tasks.task import Task

PICTURE = "图片的路径"


def tool(task: Task = MATCH, *models: str) -> TaskTool:
    return TaskTool(task, PICTURE, models)


def arguments_of(task: Task) -> dict[str, Any]:
    found: dict[str, Any] = tool(task).definition.input_schema
    return found


def test_every_task_is_a_tool_of_its_name_and_chinese_title() -> None:
    tools = tools_of(TASKS.values(), PICTURE)
    assert {"ask", "read", "locate", "order"} <= tools.keys() == TASKS.keys()
    for name, task in TASKS.items():
        definition = tools[name].definition
        assert (definition.name, definition.title) == (name, task.title)
        assert definition.description is not None
        assert task.title in definition.description
        assert task.instruction in definition.description


def test_a_tool_only_reads_and_reaches_nothing_else() -> None:
    hints = tool().definition.annotations
    assert hints is not None
    assert (hints.read_only_hint, hints.destructive_hint, hints.open_world_hint) == (True, False, False)


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_variables_with_a_default_may_be_left_out(task: Task) -> None:
    schema = arguments_of(task)
    needed = {name for name in task.variables if name not in task.defaults}
    assert set(schema["required"]) == {"images"} | needed
    for name in task.variables:
        assert schema["properties"][name].get("default") == task.defaults.get(name)
        assert schema["properties"][name]["description"]


def test_a_question_needs_no_picture_and_every_other_task_does() -> None:
    least = {name: arguments_of(task)["properties"]["images"].get("minItems", 0) for name, task in TASKS.items()}
    assert least.pop("ask") == 0
    assert set(least.values()) == {1}


def test_arguments_make_a_call() -> None:
    call = tool().read({"images": ["a.png", "b.png"], "text": "已发货", "evidence": False})
    assert call.task is MATCH
    assert call.images == ("a.png", "b.png")
    assert call.given == {"text": "已发货"}
    assert (call.evidence, call.force, call.model) == (False, False, None)
    assert tool(ORDER).read({"images": ["a.png"]}).given == ORDER.defaults


@pytest.mark.parametrize(
    ("arguments", "code", "param"),
    [
        ({"text": "已发货"}, "missing_parameter", "images"),
        ({"images": []}, "invalid_parameter", "images"),
        ({"images": ["a.png"]}, "missing_parameter", "text"),
        ({"images": "a.png", "text": "已发货"}, "invalid_parameter", "images"),
        ({"images": [1], "text": "已发货"}, "invalid_parameter", "images.0"),
        ({"images": ["a.png"], "text": 3}, "invalid_parameter", "text"),
        ({"images": ["a.png"], "text": "已发货", "evidence": "no"}, "invalid_parameter", "evidence"),
        ({"images": ["a.png"], "text": "已发货", "data": "aGk="}, "unknown_parameter", "data"),
        ({"images": ["a.png"], "text": "已发货", "model": "x"}, "unknown_parameter", "model"),
        ({"images": ["a.png"], "variable_0": "已发货"}, "missing_parameter", "text"),
    ],
)
def test_what_is_wrong_with_arguments_is_named(arguments: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        tool().read(arguments)
    assert (caught.value.code, caught.value.param) == (code, param)
    schema = {**arguments_of(MATCH)}
    assert not jsonschema_rs.is_valid(schema, arguments)  # a client that checks its own arguments would not send them


def test_a_point_may_be_written_in_numbers() -> None:
    point = tool(UI_POINT)
    assert point.read({"images": ["a.png"], "x": 500, "y": "120"}).given == {"x": "500", "y": "120"}
    assert jsonschema_rs.is_valid({**arguments_of(UI_POINT)}, {"images": ["a.png"], "x": 500, "y": "120"})
    with pytest.raises(InvalidRequestError):
        point.read({"images": ["a.png"], "x": True, "y": 1})


def test_a_tool_of_several_models_lets_choose_one() -> None:
    several = tool(LOCATE, "kantu-mini", "qwen3-vl-8b")
    asked = {"images": ["a.png"], "target": "按钮"}
    assert several.read(asked).model == "kantu-mini"
    assert several.read({**asked, "model": "qwen3-vl-8b"}).model == "qwen3-vl-8b"
    assert "qwen3-vl-8b" in several.definition.input_schema["properties"]["model"]["description"]


def test_variables_may_have_any_name() -> None:
    """Of pydantic's, and of the arguments that every tool has; Chinese ones too."""
    odd = Task("odd", "怪名", states, instruction="{images} {evidence} {model_dump} {copy} {订单号}")
    schema = arguments_of(odd)
    assert {"images_", "images", "evidence_", "evidence", "model_dump", "copy", "订单号"} <= schema["properties"].keys()
    given = {"images": "三张", "evidence": "有", "model_dump": "x", "copy": "y", "订单号": "823"}
    call = tool(odd).read({"images_": ["a.png"], "evidence_": False, **given})
    assert (call.images, call.given, call.evidence) == (("a.png",), given, False)
