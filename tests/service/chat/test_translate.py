"""`strict: true` lets nothing undeclared in; what contradicts it is refused by place."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.engine.request import Constraint
from kantu.errors import InvalidRequestError
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.translate import read_sampling
from kantu.service.settings import RequestSettings

DECLARED: dict[str, Any] = {"type": "object", "properties": {"状态": {"type": "string"}}}


def constraint(schema: dict[str, Any], strict: bool | None) -> Constraint | None:
    wanted = {"type": "json_schema", "json_schema": {"name": "r", "strict": strict, "schema": schema}}
    body = {"model": "m", "messages": [{"role": "user", "content": "?"}], "response_format": wanted}
    return read_sampling(ChatRequest.model_validate(body), RequestSettings()).constraint


@pytest.mark.parametrize(
    "schema",
    [
        DECLARED,  # closed without saying so
        {**DECLARED, "additionalProperties": False},
        {"type": "object", "additionalProperties": False},
        {"$defs": {"项": DECLARED}, "type": "object", "properties": {"a": {"$ref": "#/$defs/项"}}},
    ],
)
def test_what_declares_its_keys_is_strict(schema: dict[str, Any]) -> None:
    assert constraint(schema, True) == Constraint.json_schema(schema)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({**DECLARED, "additionalProperties": True}, "additionalProperties"),
        ({**DECLARED, "additionalProperties": {"type": "string"}}, "additionalProperties"),
        ({"type": "object", "properties": {"列": {"type": "object"}}}, "properties.列"),
        ({"$defs": {"项": {"type": ["object", "null"]}}, **DECLARED}, "$defs.项"),
    ],
)
def test_what_lets_undeclared_keys_in_is_refused_by_place(schema: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequestError, match="constraint_not_supported") as caught:
        constraint(schema, True)
    assert f"：{place}：" in caught.value.message
    assert constraint(schema, False) == constraint(schema, None) == Constraint.json_schema(schema)
