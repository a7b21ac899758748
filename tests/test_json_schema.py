"""References lead where their writer meant, however the name is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.json_schema import is_intersection, resolve, subschemas

DOCUMENT: dict[str, Any] = {
    "$defs": {
        "项目": {"const": 1},
        "a b": {"const": 2},
        "a/b~c": {"const": 3},
        "50%": {"const": 4},
        "%41": {"const": 5},
    },
    "properties": {"列": {"items": [{"const": 6}, {"$anchor": "这里", "const": 7}]}},
}


@pytest.mark.parametrize(
    ("reference", "const"),
    [
        ("#/$defs/项目", 1),
        ("#/$defs/%E9%A1%B9%E7%9B%AE", 1),
        ("#/$defs/a b", 2),
        ("#/$defs/a%20b", 2),
        ("#/$defs/a~1b~0c", 3),
        ("#/$defs/a~1b%7E0c", 3),
        ("#/$defs/50%", 4),
        ("#/$defs/50%25", 4),
        ("#/$defs/%41", 5),  # as it is written first
        ("#/properties/列/items/0", 6),
        ("#这里", 7),
    ],
)
def test_a_name_may_be_written_or_encoded(reference: str, const: int) -> None:
    found = resolve(DOCUMENT, reference)
    assert found is not None
    assert found[1]["const"] == const


@pytest.mark.parametrize(
    "reference", ["#/$defs/没有", "#/properties/列/items/9", "#nowhere", "x.json", "#/$defs/项目/const/a"]
)
def test_a_reference_may_lead_nowhere(reference: str) -> None:
    assert resolve(DOCUMENT, reference) is None


def test_the_document_itself_can_be_meant() -> None:
    assert resolve(DOCUMENT, "#") == ((), DOCUMENT)


def test_subschemas_are_those_that_stand_as_schemas() -> None:
    schema = {"properties": {"items": {"type": "null"}}, "const": {"items": {}}, "anyOf": [{}, True]}
    assert [path for path, _ in subschemas(schema)] == [(), ("properties", "items"), ("anyOf", "0")]


@pytest.mark.parametrize(
    ("schema", "joint"),
    [
        ({"allOf": [{}]}, True),
        ({"$ref": "#", "title": "t"}, False),
        ({"$ref": "#", "maxLength": 3}, True),
        ({"anyOf": [{}], "type": "object"}, True),
        ({"anyOf": [{}]}, False),
    ],
)
def test_what_stands_beside_a_reference_makes_an_intersection(schema: dict[str, Any], joint: bool) -> None:
    assert is_intersection(schema) is joint
