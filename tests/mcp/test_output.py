"""What a tool gives fits the schema that it tells, whatever the task's own schema is."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from kantu.mcp.output import in_words, output_schema
from kantu.solve.result import (
    Finding,
    Notice,
    PictureBox,
    Review,
    Suggestion,
    TaskResult,
    TaskTimings,
    TaskUsage,
    TaskVersion,
)
from kantu.tasks.builtin import LOCATE, MATCH, READ, TASKS
from kantu.tasks.judges import states
from kantu.tasks.result_type import SchemaType
from kantu.tasks.results import Boxes, MatchResult
from kantu.tasks.task import Task

OWN = Task(
    "own",
    "自己的",
    states,
    instruction="看。",
    result=SchemaType(
        {
            "$id": "https://example.com/own",
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {"行": {"type": "array", "items": {"$ref": "#/$defs/行"}}, "title": {"type": "string"}},
            "required": ["行", "title"],
            "additionalProperties": False,
            "$defs": {"行": {"type": "integer"}},
        }
    ),
)


def result(task: Task, record: Any, **more: Any) -> TaskResult[Any]:
    version = TaskVersion(name=task.name, title=task.title, version="0")
    rest: dict[str, Any] = {"review": Review(needed=False), **more}
    return TaskResult[Any](
        task=version, result=record, model="kantu-mini", usage=TaskUsage(), timings=TaskTimings(), **rest
    )


def conflict() -> TaskResult[Any]:
    record = MatchResult.model_validate({"verdict": "不一致", "conflict": "已发货", "reasons": ["图中是待发货"]})
    fields = {
        "verdict": Finding(confidence=0.97),
        "conflict": Finding(
            confidence=0.4,
            boxes=(PictureBox(x1=1, y1=2, x2=3, y2=4),),
            problems=(Notice(code="unclear", message="看不清。"),),
        ),
    }
    return result(MATCH, record, fields=fields, review=Review(needed=True, reasons=("整体把握 39%。", "看不清。")))


@pytest.mark.parametrize("task", [*TASKS.values(), OWN], ids=[*TASKS, "own"])
def test_every_output_schema_stands_by_itself(task: Task) -> None:
    schema = output_schema(task)
    assert schema["type"] == "object"
    jsonschema_rs.validator_for(schema, offline=True)


def test_structured_content_fits_its_schema() -> None:
    for task, found in (
        (MATCH, conflict()),
        (READ, result(READ, "第一行\n第二行")),
        (LOCATE, result(LOCATE, Boxes.model_validate([{"bbox_2d": [1, 2, 3, 4], "label": "按钮"}]))),
        (OWN, result(OWN, {"行": [1, 2], "title": "表"})),
        (MATCH, result(MATCH, None, suggestion=Suggestion(message="问得更具体些：", questions=("图里有什么？",)))),
    ):
        jsonschema_rs.validate(output_schema(task), found.to_dict())


@pytest.mark.parametrize(
    "record", [{"行": ["一"], "title": "表"}, {"行": [1]}, {"行": [1], "title": "", "x": 1}, "文字"]
)
def test_a_record_of_another_form_does_not_fit(record: Any) -> None:
    assert not jsonschema_rs.is_valid(output_schema(OWN), result(OWN, record).to_dict())


def test_words_say_values_and_confidence_and_what_a_person_should_look_at() -> None:
    said = in_words(MATCH, conflict()).splitlines()
    assert "结论：不一致（把握 97%）" in said
    assert said[said.index("矛盾的词句：已发货（把握 40%）") + 1] == "  注意：看不清。"
    assert said[-1] == "需人工复核：整体把握 39%；看不清"


def test_words_say_how_sure_a_found_thing_is() -> None:
    found = Boxes.model_validate([{"bbox_2d": [1, 2, 3, 4], "label": "按钮"}])
    fields = {"[0]": Finding(confidence=0.84), "[0].label": Finding()}
    assert in_words(LOCATE, result(LOCATE, found, fields=fields)).splitlines() == ["1 名称：按钮（把握 84%）"]


def test_words_are_few() -> None:
    said = in_words(READ, result(READ, "字" * 10_000))
    assert len(said) < 5_000
    assert said.endswith("（全文在 structuredContent 里）")


def test_a_vague_question_is_answered_with_better_ones() -> None:
    better = Suggestion(message="问得更具体些：", questions=("图里有什么？",))
    assert in_words(READ, result(READ, None, suggestion=better)).splitlines() == ["问得更具体些：", "图里有什么？"]
