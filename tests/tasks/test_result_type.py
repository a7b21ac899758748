"""A typed answer is read as its type says, or not at all."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from pydantic import BaseModel

from kantu.errors import InvalidRequestError
from kantu.tasks.result_type import ModelType, SchemaType

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"单号": {"type": ["string", "null"], "pattern": "^[0-9]+$"}, "件数": {"type": "integer"}},
    "required": ["单号"],
    "additionalProperties": False,
}


class Parcel(BaseModel):
    number: str
    count: int = 1


def test_a_model_s_answers_are_its_instances() -> None:
    kind = ModelType(Parcel)
    assert kind.schema == Parcel.model_json_schema()
    assert kind.parse('{"number": "7"}') == Parcel(number="7")
    assert kind.parse('{"number": 7}') is None
    assert kind.parse("没有") is None


def test_a_schema_s_answers_are_plain_data_that_fits() -> None:
    kind = SchemaType(SCHEMA)
    assert kind.parse('{"单号": "7", "件数": 2}') == {"单号": "7", "件数": 2}
    assert kind.parse('{"单号": null}') == {"单号": None}
    for misfit in (
        '{"单号": "七"}',
        "{}",
        '{"单号": "7", "又": 1}',
        "[]",
        "null",
        "没有",
        '{"单号": "7"',
        '{"单号": NaN}',
    ):
        assert kind.parse(misfit) is None


def test_an_answer_of_any_depth_is_read_safely() -> None:
    assert SchemaType({"properties": {"a": {}}}).parse('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}") is None


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({"单号": "7"}, None),
        ({"单号": 7}, ("单号",)),
        ({"件数": 1}, ("单号",)),
        ({"单号": None, "又": 1}, ("又",)),
    ],
)
def test_what_does_not_fit_is_named(record: object, path: tuple[str, ...] | None) -> None:
    assert SchemaType(SCHEMA).misfit(record) == path


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "strin"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "object", "properties": {"a": {"pattern": "(?=甲)乙"}}},
        {"type": "object", "properties": {"a": {"pattern": r"(甲)\1"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/x.json"}}},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/hostname"}}},
        {"$schema": "http://127.0.0.1:9/draft", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {"minimum": float("nan")}}},
        {"type": "object", "properties": {"a": {"enum": [{1}]}}},
        {"type": "object", "properties": ["a"]},
        {"type": "object"},
        {"type": "string"},
        {},
    ],
)
def test_a_schema_must_be_whole_and_describe_an_object(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        SchemaType(schema)
    assert caught.value.code == "invalid_schema"


def test_the_fault_is_told_with_its_place() -> None:
    with pytest.raises(InvalidRequestError, match=r"properties\.件数\.type"):
        SchemaType({"properties": {"件数": {"type": "整数"}}})


def test_a_schema_of_any_depth_is_refused_safely() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"items": deep}
    with pytest.raises(InvalidRequestError):
        SchemaType({"properties": {"a": deep}})


def test_no_pattern_takes_more_than_linear_time() -> None:
    kind = SchemaType({"properties": {"a": {"pattern": "^(a+)+$"}}})  # 2 to the 50,000th steps where it is tried out
    assert kind.parse('{"a": "' + "a" * 50_000 + 'b"}') is None


def test_what_no_answer_is_held_to_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match=r"properties\.表\.uniqueItems：不支持关键字 uniqueItems"):
        SchemaType({"properties": {"表": {"type": "array", "uniqueItems": True}}})


@pytest.mark.parametrize("is_deeper", [False, True])
def test_a_schema_that_multiplies_itself_takes_no_answer(is_deeper: bool) -> None:
    definitions: dict[str, Any] = {"0": {"type": "object"}}
    for level in range(1, 60):
        below = {"$ref": f"#/$defs/{level - 1}"}
        each = {"properties": {"a": below}} if is_deeper else below
        definitions[str(level)] = {"allOf": [each, each]}  # 2 to the 60th steps
    kind = SchemaType({"properties": {"a": {"$ref": "#/$defs/59"}}, "$defs": definitions})
    assert kind.parse('{"a": ' * 60 + "{}" + "}" * 60) is None


def test_a_long_answer_is_not_costly() -> None:
    kind = SchemaType({"properties": {"表": {"items": {"items": {"type": "string"}}}}})
    table = [["格"] * 20] * 1_000
    assert kind.parse(json.dumps({"表": table})) == {"表": table}


def test_a_schema_may_refer_to_itself() -> None:
    kind = SchemaType({"properties": {"下级": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["下级"]})
    assert kind.parse('{"下级": {"下级": null}}') == {"下级": {"下级": None}}
    assert kind.parse('{"下级": {}}') is None


def test_types_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(ModelType(Parcel))) == ModelType(Parcel)
