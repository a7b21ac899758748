"""What a caller wants extracted, however said, comes to the task that the model has learned."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field

from kantu.errors import InvalidRequestError
from kantu.tasks.builtin import EXTRACT
from kantu.tasks.extract import extract_task


def test_keys_are_listed_as_the_model_learned_it() -> None:
    task, given = extract_task(["店名", "实付款"])
    assert task.instruct(**given) == "提取图中的字段，写成 JSON：店名、实付款"
    assert (task.name, task.judge, task.max_pixels) == (EXTRACT.name, EXTRACT.judge, EXTRACT.max_pixels)


def test_each_key_is_answered_with_a_text_or_null() -> None:
    task, _ = extract_task(["店名", "实付款"])
    assert task.parse('{"店名": "拾光", "实付款": null}') == {"店名": "拾光", "实付款": None}
    for misfit in ('{"店名": "拾光"}', '{"店名": "拾光", "实付款": 5}', '{"店名": "", "实付款": "", "又": ""}'):
        assert task.parse(misfit) is None


@pytest.mark.parametrize(
    "keys", [[], [""], ["甲", "甲"], ["甲、乙"], ["甲\n乙"], ["长" * 61], [1], "店名", [f"{n}" for n in range(65)]]
)
def test_keys_are_a_few_different_names(keys: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        extract_task(keys)
    assert caught.value.code == "invalid_keys"


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "shop": {"type": "string", "title": "店名"},
        "paid": {"type": "boolean"},
        "kind": {"const": "receipt"},
        "status": {"enum": ["已付", "未付"]},
        "note": {"type": ["string", "null"]},
        "goods": {"type": "array", "items": {"$ref": "#/$defs/item"}},
    },
    "required": ["shop"],
    "$defs": {"item": {"type": "object", "properties": {"price": {"type": "number"}}, "additionalProperties": False}},
}


def test_a_schema_s_fields_are_asked_for_by_title_or_name() -> None:
    _, given = extract_task(SCHEMA)
    assert given == {"keys": "店名、paid、kind、status、note、goods"}


def test_whatever_a_picture_may_lack_may_be_null_but_not_left_out() -> None:
    task, _ = extract_task(SCHEMA)
    nothing = '{"shop": null, "paid": null, "kind": "receipt", "status": null, "note": null, "goods": null}'
    assert task.parse(nothing) is not None
    assert task.parse(nothing.replace('"goods": null', '"goods": [{"price": null}]')) is not None
    assert task.parse(nothing.replace('"goods": null', '"goods": [{}]')) is None
    assert task.parse(nothing.replace('"goods": null', '"goods": [null]')) is None
    assert task.parse(nothing.replace('"shop": null', '"shop": 1')) is None
    assert task.parse(nothing.replace('"receipt"', "null")) is None
    assert task.parse("{}") is None


def test_the_caller_s_schema_is_left_as_it_was() -> None:
    before = repr(SCHEMA)
    extract_task(SCHEMA)
    assert repr(SCHEMA) == before


def test_a_schema_may_refer_to_itself() -> None:
    task, given = extract_task({"properties": {"标题": {"type": "string"}, "下级": {"$ref": "#"}}})
    assert given == {"keys": "标题、下级"}
    assert task.parse('{"标题": "甲", "下级": {"标题": null, "下级": null}}') is not None


@pytest.mark.parametrize("schema", [{}, {"type": "string"}, {"type": "object"}, {"properties": {"a": {"type": "x"}}}])
def test_what_describes_no_object_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        extract_task(schema)
    assert caught.value.code == "invalid_schema"


class Receipt(BaseModel):
    shop_name: str | None
    total: float | None = Field(title="实付款")
    number: str | None = Field(alias="单号")


def test_a_model_comes_back_as_its_instance() -> None:
    task, given = extract_task(Receipt)
    assert given == {"keys": "shop_name、实付款、单号"}
    found = task.parse('{"shop_name": null, "total": 12.5, "单号": "7"}')
    assert isinstance(found, Receipt)
    assert (found.shop_name, found.total, found.number) == (None, 12.5, "7")


def test_a_model_within_itself_is_a_model_too() -> None:
    class Node(BaseModel):
        title: str
        below: list[Node]

    Node.model_rebuild(_types_namespace={"Node": Node})
    _, given = extract_task(Node)
    assert given == {"keys": "title、below"}
