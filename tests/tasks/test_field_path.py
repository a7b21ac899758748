"""Fields are found by name in a schema and in a record."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.tasks.field_path import Steps, find, values

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "总额": {"type": "string"},
        "No.": {"const": "dotted"},
        "店": {"anyOf": [{"$ref": "#/$defs/店"}, {"type": "null"}]},
        "货": {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/货"}]}},
        "表": {"type": "array", "items": {"type": "array", "items": {"const": "cell"}}},
    },
    "$defs": {
        "店": {"type": "object", "properties": {"名": {"const": "shop"}, "总店": {"$ref": "#/$defs/店"}}},
        "货": {"type": "object", "properties": {"单价": {"const": "price"}}},
    },
}


@pytest.mark.parametrize(
    ("field", "steps", "const"),
    [
        ("No.", ("No.",), "dotted"),
        ("店.名", ("店", "名"), "shop"),
        ("店.总店.总店.名", ("店", "总店", "总店", "名"), "shop"),
        ("货[].单价", ("货", None, "单价"), "price"),
        ("表[][]", ("表", None, None), "cell"),
    ],
)
def test_a_field_is_found_however_deep(field: str, steps: Steps, const: str) -> None:
    assert find(SCHEMA, field) == (steps, {"const": const})


@pytest.mark.parametrize(
    "field", ["", "总", "总额.", "总额[]", "店名", "货.单价", "货[]单价", "货[0].单价", "[]", "表[][][]"]
)
def test_what_the_schema_does_not_have_is_not_found(field: str) -> None:
    assert find(SCHEMA, field) is None


def test_a_record_s_values_come_with_their_paths() -> None:
    record = {"货": [{"单价": "1"}, {"单价": None}, {}], "表": [["a"], ["b", "c"]], "店": None}
    assert list(values(record, ("货", None, "单价"))) == [("货[0].单价", "1"), ("货[1].单价", None)]
    assert list(values(record, ("表", None, None))) == [("表[0][0]", "a"), ("表[1][0]", "b"), ("表[1][1]", "c")]
    assert list(values(record, ("店", "名"))) == []
