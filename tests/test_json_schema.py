"""References lead where their writer meant, however the name is spelled."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.json_schema import applied, is_intersection, or_null, properties, resolve, subschemas, with_uri_references

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


def test_properties_are_found_through_what_a_schema_applies() -> None:
    root: dict[str, Any] = {
        "properties": {"甲": {"const": 1}},
        "allOf": [{"$ref": "#/$defs/丙"}, {"anyOf": [{"properties": {"乙": {"const": 2}, "甲": True}}, True]}],
        "$defs": {"丙": {"properties": {"丙": {"const": 3}}, "allOf": [{"$ref": "#"}]}},
    }
    assert properties(root, root) == {"甲": {"const": 1}, "丙": {"const": 3}, "乙": {"const": 2}}
    assert applied(root, True) == []


@pytest.mark.parametrize(
    "schema", [True, {}, {"title": "甲"}, {"const": 1}, {"type": "null"}, {"type": ["string", "null"]}]
)
def test_what_allows_null_or_must_be_constant_stays_as_it_is(schema: object) -> None:
    assert or_null(schema) is schema
    nested = {"anyOf": [{"enum": ["甲", None]}, {"type": "string"}]}
    assert or_null(nested) is nested


def test_null_is_allowed_beside_the_schema_which_keeps_its_name() -> None:
    assert or_null({"title": "甲", "type": "string"}) == {
        "title": "甲",
        "anyOf": [{"type": "string"}, {"type": "null"}],
    }
    assert or_null({"$ref": "#/$defs/a"}) == {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}


def test_references_can_be_told_to_a_validator_however_they_are_written() -> None:
    references = ["#/$defs/项目", "#/$defs/a b", "#/$defs/a~1b~0c", "#/$defs/50%", "#/$defs/%41", "#这里", "#", "#/no"]
    schema = {**DOCUMENT, "allOf": [{"$ref": reference} for reference in references]}
    told = [each["$ref"] for each in with_uri_references(schema)["allOf"]]
    assert told[:3] == ["#/$defs/%E9%A1%B9%E7%9B%AE", "#/$defs/a%20b", "#/$defs/a~1b~0c"]
    assert told[3:] == ["#/$defs/50%25", "#/$defs/%2541", "#/properties/%E5%88%97/items/1", "#", "#/no"]
    assert schema["allOf"][0] == {"$ref": "#/$defs/项目"}
