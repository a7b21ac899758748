"""What a schema leaves open gets a bound, what it states stays, and undeclared keys do not come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.request import Constraint
from kantu.engine.schema_bounds import MOST_CHARACTERS, MOST_DECIMALS, MOST_ITEMS, MOST_KEYS, MOST_LEVELS, bounded
from kantu.hub import locate
from kantu.model.folder import ModelFolder
from kantu.processing.tokenizer import Tokenizer


class Checker:
    """Says which texts a schema lets an answer be."""

    def __init__(self, folder: Path) -> None:
        opened = ModelFolder.open(folder)
        end_ids = GenerationConfig.from_folder(opened).end_ids
        self._tokenizer = Tokenizer.from_folder(opened)
        self._compiler = ConstraintCompiler(opened, opened.config.text.vocab_size, end_ids)

    def allows(self, schema: dict[str, Any], *values: object) -> list[bool]:
        matcher = self._compiler.compile(Constraint.json_schema(schema))
        texts = [v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
        encoded = [self._tokenizer.encode(text, allow_special=False) for text in texts]
        return [matcher.valid(tokens) == len(tokens) + 1 for tokens in encoded]


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(locate(None))


def test_integers_have_nineteen_digits(checker: Checker) -> None:
    values = (0, -5, 4_123_456_789_012_345_678, -9_223_372_036_854_774_784, 10**19, "1.0")
    assert checker.allows({"type": "integer"}, *values) == [True, True, True, True, False, False]


def test_numbers_have_ten_digits_behind_the_point_and_no_exponent(checker: Checker) -> None:
    values = (
        "12.5",
        "-0.25",
        "1." + "3" * MOST_DECIMALS,
        "1." + "3" * (MOST_DECIMALS + 1),
        "1.0" + "0" * 12,
        "1e5",
        "1" * 30,
    )
    assert checker.allows({"type": "number"}, *values) == [True, True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        ({"minimum": 5}, ["5", "5.5", "100"], ["4.9999999999", "-6"]),
        ({"maximum": -3}, ["-3", "-3.5"], ["-2.9", "0"]),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, ["0.5", "0.0000000001"], ["0", "1", "0.0", "1.0"]),
        ({"multipleOf": 0.05}, ["0.1", "2.35"], ["0.01", "2.34"]),
        ({"minimum": 10, "maximum": 20, "multipleOf": 5}, ["10", "15", "20"], ["11", "25", "5"]),
    ],
)
def test_what_a_number_must_be_holds(
    checker: Checker, limits: dict[str, Any], inside: list[str], outside: list[str]
) -> None:
    found = checker.allows({"type": "number", **limits}, *inside, *outside)
    assert found == [True] * len(inside) + [False] * len(outside)


def test_strings_and_arrays_end(checker: Checker) -> None:
    most, more = "字" * MOST_CHARACTERS, "字" * (MOST_CHARACTERS + 1)
    assert checker.allows({"type": "string"}, f'"{most}"', f'"{more}"') == [True, False]
    assert checker.allows({"type": "string", "minLength": 3000}, f'"{"字" * 3000}"') == [True]
    assert checker.allows({"type": "array", "items": {"const": 1}}, [1] * MOST_ITEMS, [1] * (MOST_ITEMS + 1)) == [
        True,
        False,
    ]
    assert checker.allows({"type": "array", "items": {"const": 1}, "minItems": 2000}, [1] * 2000) == [True]


def test_a_map_ends(checker: Checker) -> None:
    schema = {"type": "object", "additionalProperties": {"const": 1}}
    sizes = [dict.fromkeys(map(str, range(size)), 1) for size in (MOST_KEYS, MOST_KEYS + 1)]
    assert checker.allows(schema, *sizes) == [True, False]


def test_recursion_and_values_about_which_nothing_is_said_end(checker: Checker) -> None:
    def nested(depth: int) -> str:
        return "[" * depth + "]" * depth

    tree = {"type": "array", "items": {"$ref": "#"}}
    assert checker.allows(tree, nested(MOST_LEVELS + 1), nested(MOST_LEVELS + 2)) == [True, False]
    assert checker.allows({}, nested(MOST_LEVELS), nested(MOST_LEVELS + 1)) == [True, False]


def test_undeclared_keys_do_not_come_unless_the_schema_lets_them(checker: Checker) -> None:
    schema = {"type": "object", "properties": {"状态": {"type": "string"}}, "required": ["状态"]}
    more = {"状态": "好", "店铺": "甲"}
    assert checker.allows(schema, {"状态": "好"}, more) == [True, False]
    assert checker.allows({**schema, "additionalProperties": True}, more) == [True]
    assert checker.allows({**schema, "additionalProperties": {"type": "string"}}, more) == [True]
    assert checker.allows({**schema, "required": ["状态", "店铺"]}, more) == [True]
    assert checker.allows({"type": "object"}, more) == [True]


def test_what_is_joined_has_the_keys_of_all_its_parts(checker: Checker) -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/基"}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}],
        "$defs": {"基": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}},
    }
    found = checker.allows(schema, {"a": "x", "b": 1}, {"a": "x"}, {"a": "x", "b": 1, "c": 2}, {"a": "x", "b": "y"})
    assert found == [True, False, False, False]


def test_a_tuple_has_no_more_items_than_it_lists(checker: Checker) -> None:
    schema = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}]}
    assert checker.allows(schema, [1, "a"], [1], [1, "a", 2]) == [True, True, False]
    assert checker.allows({**schema, "items": {"const": 2}}, [1, "a", 2]) == [True]
    assert checker.allows({**schema, "minItems": 3}, [1, "a", 2]) == [True]


def test_a_bounded_schema_is_bounded_only_once() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "additionalProperties": False}
    assert bounded(schema) == {**schema, "$defs": {}}
