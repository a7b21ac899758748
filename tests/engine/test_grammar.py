"""What cannot be enforced is refused, in bounded time and in our own words."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.request import Constraint
from kantu.errors import InvalidRequestError
from kantu.hub import locate
from kantu.model.folder import ModelFolder

MOST_SECONDS = 3.0  # of processors; it takes at most 0.4


@pytest.fixture(scope="module")
def compiler() -> ConstraintCompiler:
    folder = ModelFolder.open(locate(None))
    compiler = ConstraintCompiler(folder, folder.config.text.vocab_size, GenerationConfig.from_folder(folder).end_ids)
    compiler.compile(Constraint("json_object"))
    return compiler


def refused(compiler: ConstraintCompiler, constraint: Constraint) -> InvalidRequestError:
    started = time.process_time()
    with pytest.raises(InvalidRequestError) as caught:
        compiler.compile(constraint)
    assert time.process_time() - started < MOST_SECONDS
    assert caught.value.param == "constraint"
    return caught.value


def schema(content: Any) -> Constraint:
    return Constraint("json_schema", json.dumps(content))


def chain(length: int, link: str) -> dict[str, Any]:
    """References to references; `link` is a schema with one, as text."""
    names = {f"a{i}": json.loads(link.replace("REF", f"#/$defs/a{i + 1}")) for i in range(length)}
    return {"$defs": {**names, f"a{length}": {"type": "null"}}, "$ref": "#/$defs/a0"}


PATTERNS = [{"type": "string", "pattern": f".*a{i}.*"} for i in range(30)]
REQUIRED_SELF = {"type": "object", "properties": {"c": {"$ref": "#"}}, "required": ["c"], "additionalProperties": False}

NOT_SUPPORTED = {
    "nested": schema(json.loads('{"items": ' * 90 + "{}" + "}" * 90)),
    "remote": schema({"$ref": "https://example.com/x.json"}),
    "file": schema({"$ref": "file:///etc/passwd"}),
    "itself": schema({"$ref": "#"}),
    "in circles": schema({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
    "endless": schema(REQUIRED_SELF),
    "nowhere": schema({"$ref": "#/$defs/missing"}),
    "stack": schema(chain(1200, '{"items": {"$ref": "REF"}}')),
    "deeper stack": schema(chain(400, '{"anyOf": [{"items": {"anyOf": [{"$ref": "REF"}]}}]}')),
    "joint patterns": schema({"allOf": PATTERNS}),
    "joint by reference": schema(
        {"$defs": dict(zip("abcdefghi", PATTERNS, strict=False)), "$ref": "#", "pattern": "a"}
    ),
    "product": schema({"allOf": [{"anyOf": [{"properties": {f"p{i}{j}": {}}} for j in range(9)]} for i in range(8)]}),
    "pattern properties": schema({"patternProperties": {f"^x{i}$": {} for i in range(400)}}),
    "large multiple": schema({"type": "integer", "multipleOf": 999_983}),
    "large common multiple": schema({"allOf": [{"type": "integer", "multipleOf": m} for m in (997, 991, 983)]}),
    "large multiple beside zero": schema({"anyOf": [{"multipleOf": 0}, {"type": "integer", "multipleOf": 999_983}]}),
    "limits that are not exact": schema({"type": "integer", "minimum": 10**300, "maximum": 10**301}),
    "no multiple": schema({"type": "integer", "multipleOf": True}),
    "small multiple": schema({"type": "number", "multipleOf": 1e-300}),
    "wide": schema({"type": "object", "properties": {f"p{i}": {"type": "null"} for i in range(2000)}}),
    "no value": schema({"enum": []}),
    "contradiction": schema({"type": "string", "minLength": 5, "maxLength": 2}),
    "one of": schema({"oneOf": [{"type": "integer"}, {"type": "number"}]}),
    "format": schema({"type": "string", "format": "phone"}),
    "type": schema({"type": "text"}),
    "repetition": Constraint("regex", "(a{1000}){1000}"),
    "repetitions": Constraint("regex", "((a{100}){100}){100}"),
    "groups": Constraint("regex", "(" * 10_000 + "a" + ")" * 10_000),
    "optional": Constraint("regex", "a" + "?" * 10_000),
    "unclosed": Constraint("regex", "(a"),
    "long": Constraint("regex", "a" * 4_097),
    "long pattern": schema({"properties": {"a": {"type": "string", "pattern": "a" * 4_097}}}),
    "many quantifiers": Constraint("regex", ".?" * 257),
    "many quantifiers in all": schema(
        {"anyOf": [{"type": "string", "pattern": ".?" * 20 + str(i)} for i in range(20)]}
    ),
    "too large behind the first token": Constraint("regex", ".?" * 200),
    "large constant": schema({"items": {"const": list(range(1_000))}}),
    "large constants": schema({"enum": [{"k": i} for i in range(600)]}),
    "many parts": schema({"anyOf": [{"type": "array", "items": {"const": i}} for i in range(700)]}),
    "look-around": Constraint("regex", "(?=a)a"),
    "back-reference": Constraint("regex", r"(a)\1"),
    "nothing matches": Constraint("regex", r"[^\x00-\U0010FFFF]"),
}
INVALID = {
    "not JSON": Constraint("json_schema", '{"type":'),
    "a list": Constraint("json_schema", "[]"),
    "true": Constraint("json_schema", "true"),
    "no number": Constraint("json_schema", '{"const": NaN}'),
    "too large a number": Constraint("json_schema", '{"const": 1e999}'),
    "half a character": Constraint("json_schema", r'{"const": "\ud800"}'),
    "10,000 levels": Constraint("json_schema", '{"a":' * 10_000 + "0" + "}" * 10_000),
    "choice of half a character": Constraint("choice", r'["\ud800", "b"]'),
    "choice of a number": Constraint("choice", '["a", 1]'),
    "no choice": Constraint("choice", "[]"),
    "choice is no list": Constraint("choice", '"ab"'),
    "regex of half a character": Constraint("regex", "\ud800"),
}


@pytest.mark.parametrize("constraint", NOT_SUPPORTED.values(), ids=NOT_SUPPORTED)
def test_what_cannot_be_enforced_is_refused(compiler: ConstraintCompiler, constraint: Constraint) -> None:
    error = refused(compiler, constraint)
    assert error.code == "constraint_not_supported"
    for word in ("Unable", "lexer", "regex", "parser", "Unsatisfiable", "Resource", "Pointer"):  # the library's
        assert word not in f"{error.message}{error.message_en}"


@pytest.mark.parametrize("constraint", INVALID.values(), ids=INVALID)
def test_what_is_not_of_its_kind_is_invalid(compiler: ConstraintCompiler, constraint: Constraint) -> None:
    assert refused(compiler, constraint).code == "invalid_constraint"


PLACES = {
    "properties.金额.not": {"properties": {"金额": {"type": "number", "not": {"const": 1}}}},
    "properties.a.items.uniqueItems": {"properties": {"a": {"items": {"type": "array", "uniqueItems": True}}}},
    "properties.a.$ref": {"properties": {"a": {"$ref": "#/$defs/没有"}}},
    "items.anyOf.1.format": {"type": "array", "items": {"anyOf": [{}, {"type": "string", "format": "phone"}]}},
    "$defs.项.pattern": {"$defs": {"项": {"type": "string", "pattern": "(?=a)a"}}, "$ref": "#/$defs/项"},
    "properties.a.type": {"properties": {"a": {"type": "text"}}},
    "properties.a.minimum": {"properties": {"a": {"type": "integer", "minimum": 2**53 + 1}}},
    "properties.a.enum.1": {"properties": {"a": {"enum": [1, 10**30]}}},
    "properties.a.multipleOf": {"properties": {"a": {"type": "integer", "multipleOf": 999_983}}},
    "properties.a.oneOf": {"properties": {"a": {"oneOf": [{"type": "integer"}, {"type": "number"}]}}},
}


@pytest.mark.parametrize(("place", "content"), PLACES.items(), ids=PLACES)
def test_a_refusal_names_the_place(compiler: ConstraintCompiler, place: str, content: dict[str, Any]) -> None:
    error = refused(compiler, schema(content))
    assert error.message.startswith(f"不支持这个输出约束：{place}：")
    assert error.message_en.startswith(f"This constraint is not supported: {place}: ")


def test_a_keyword_that_is_not_supported_is_named(compiler: ConstraintCompiler) -> None:
    error = refused(compiler, schema({"type": "array", "uniqueItems": True}))
    assert "uniqueItems" in error.message
    assert "uniqueItems" in error.message_en


ACCEPTED = {
    "length": schema({"type": "string", "minLength": 10**9}),
    "items": schema({"type": "array", "items": {"type": "integer"}, "minItems": 10**9}),
    "tree": schema({"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}),
    "references": schema(chain(60, '{"properties": {"next": {"$ref": "REF"}}, "description": "下一个"}')),
    "patterns": schema({"properties": {f"p{i}": {"type": "string", "pattern": f"^{i}[0-9]*$"} for i in range(40)}}),
    "described reference": schema(
        {"$ref": "#/$defs/a", "title": "t", "$defs": dict(zip("abcdefghijk", PATTERNS, strict=False))}
    ),
    "names of keywords": schema(
        {"properties": {n: {"type": "null"} for n in ("allOf", "$ref", "pattern", "multipleOf")}}
    ),
    "multiples": schema({"properties": {f"p{i}": {"type": "number", "multipleOf": 0.01} for i in range(30)}}),
    "numbers": schema({"type": "integer", "minimum": 10**17, "maximum": 10**18}),
    "labels": Constraint.choice([f"标签{i}：{'很长' * 20}" for i in range(256)]),
    "long text": Constraint("regex", "字" * 4_096),
    "many quantifiers": Constraint("regex", "a?" * 200),
    "no quantifiers": Constraint("regex", r"\?[?*+{]" * 500),
    "constants": schema({"enum": [f"{i:05d}" for i in range(4_500)]}),
    "large constant": schema({"const": list(range(999))}),
    "empty text": Constraint("regex", ""),
}


@pytest.mark.parametrize("constraint", ACCEPTED.values(), ids=ACCEPTED)
def test_what_can_be_enforced_is_compiled_in_bounded_time(compiler: ConstraintCompiler, constraint: Constraint) -> None:
    started = time.process_time()
    matcher = compiler.compile(constraint)
    matcher.forced()
    assert time.process_time() - started < MOST_SECONDS


def test_a_schema_cannot_change_how_it_is_read(compiler: ConstraintCompiler, tiny_folder: Path) -> None:
    options = {"lenient": True, "whitespace_flexible": True, "coerce_one_of": True}
    asked = {"x-guidance": options, "type": "array", "uniqueItems": True}
    assert refused(compiler, schema(asked)).code == "constraint_not_supported"
