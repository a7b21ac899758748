"""A constraint in llguidance's own form, or a refusal.

llguidance's cost in time and stack is not bounded for every JSON Schema, and it runs in our own process: what would
cost too much must not reach it. The figures beside the limits are those of version 1.9.1 on one core.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import llguidance

from kantu.engine.request import Constraint
from kantu.errors import InvalidRequestError

# JSON as Python's json.dumps writes it, which is what the models were trained to write; no other whitespace, so that
# everything between two values is forced.
_JSON_OPTIONS: Any = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "lenient": False,  # a keyword that is not understood is an error, not ignored
    "coerce_one_of": False,
}
_MAX_DEPTH = 64
# Depth times references: a stack of 8 MiB overflows, which kills the process, from about 2,800 levels on.
_MAX_LEVELS = 640
# Every one doubles the time: 8 patterns on one string take 2 ms, 14 take 5 s.
_MAX_JOINT_PATTERNS = 8
# Every two are compared, 0.25 ms a pair.
_MAX_PATTERN_PROPERTIES = 32
# States of the automaton of a common multiple, 4 us each.
_MAX_MULTIPLE = 100_000
# Keywords that say nothing about the value, and so do not intersect with a reference beside them.
_ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "discriminator", "$defs", "definitions"}
_ANNOTATIONS |= {"$schema", "$id", "$comment", "readOnly", "writeOnly"}


def grammar(constraint: Constraint) -> str:
    """The constraint in llguidance's own form."""
    if constraint.kind == "json_object":
        return _json_grammar({"type": "object"})
    if constraint.kind == "regex":
        _check_unicode(constraint.source)
        return llguidance.LLMatcher.grammar_from_regex(constraint.source)
    value = _parse(constraint.source)
    if constraint.kind == "choice":
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise _invalid("choice 必须是非空的字符串列表", "choice must be a list of strings that is not empty")
        _check_unicode("".join(value))
        return llguidance.LLMatcher.grammar_from_regex("|".join(map(_escape, value)))
    if not isinstance(value, dict):
        raise _invalid("JSON Schema 必须是对象", "a JSON Schema must be an object")
    _check_cost(value)
    return _json_grammar(value)


def _json_grammar(schema: dict[str, Any]) -> str:
    # "x-guidance" would let a schema change llguidance's options
    schema = {name: value for name, value in schema.items() if name != "x-guidance"}
    try:
        return llguidance.LLMatcher.grammar_from_json_schema(
            json.dumps(schema, allow_nan=False), overrides=_JSON_OPTIONS
        )
    except ValueError:
        raise _invalid("JSON Schema 里有无效的数或文字", "the JSON Schema holds an invalid number or text") from None


def _parse(source: str) -> Any:
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        raise _invalid("不是有效的 JSON，或嵌套过深", "it is not valid JSON or is nested too deeply") from None


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _invalid("不是有效的 Unicode", "it is not valid Unicode") from None


def _escape(text: str) -> str:
    """A regular expression for exactly this text; Rust's syntax refuses some of what `re.escape` writes."""
    return "".join(char if char.isalnum() else rf"\x{{{ord(char):x}}}" for char in text)


@dataclass(frozen=True)
class _Node:
    """One keyword of a JSON document, wherever it stands, with the object it stands in."""

    depth: int
    name: str
    value: Any
    parent: dict[str, Any]


def _nodes(schema: dict[str, Any]) -> Iterator[_Node]:
    """Every member of every object in it. Not recursive: its depth is the user's choice."""
    waiting: list[tuple[int, Any]] = [(1, schema)]
    while waiting:
        depth, value = waiting.pop()
        if isinstance(value, dict):
            yield from (_Node(depth, name, item, value) for name, item in value.items())
        items = value.values() if isinstance(value, dict) else value
        waiting += [(depth + 1, item) for item in items if isinstance(item, dict | list)]


def _check_cost(schema: dict[str, Any]) -> None:
    """Refuse what llguidance would need unbounded time or stack for."""
    nodes = list(_nodes(schema))
    depth = max((node.depth for node in nodes), default=1)
    references = {node.value for node in nodes if node.name == "$ref" and isinstance(node.value, str)}
    if depth > _MAX_DEPTH or depth * (1 + len(references)) > _MAX_LEVELS:
        raise not_supported("嵌套或 $ref 过多", "it nests too deeply or has too many references")
    if any(not reference.startswith("#") for reference in references):
        raise not_supported("$ref 只能指向文档内部", "a $ref must stay inside the document")
    patterns = {node.value for node in nodes if node.name in ("pattern", "format") and isinstance(node.value, str)}
    if len(patterns) > _MAX_JOINT_PATTERNS and any(map(_intersects, nodes)):
        raise not_supported(
            f"与 allOf 或 $ref 合并时，pattern 不能超过 {_MAX_JOINT_PATTERNS} 种",
            f"at most {_MAX_JOINT_PATTERNS} patterns can be combined with allOf or $ref",
        )
    named = sum(len(n.value) for n in nodes if n.name == "patternProperties" and isinstance(n.value, dict))
    if named > _MAX_PATTERN_PROPERTIES:
        raise not_supported("patternProperties 过多", "it has too many patternProperties")
    multiples = {_integer(n.value) for n in nodes if n.name == "multipleOf" and type(n.value) in (int, float)}
    if math.prod(multiples - {0}) > _MAX_MULTIPLE:
        raise not_supported("multipleOf 过大或过多", "its multipleOf are too large or too many")


def _intersects(node: _Node) -> bool:
    """Whether the keyword makes a value fit several schemas at once."""
    if node.name == "allOf":
        return isinstance(node.value, list)
    beside = node.parent.keys() - _ANNOTATIONS - {node.name}
    return node.name in ("$ref", "anyOf") and bool(beside)


def _integer(multiple: float) -> int:
    """The least power of ten times `multiple` that is an integer, as llguidance counts it."""
    parts = Decimal(str(multiple)).as_tuple()
    digits = int("".join(map(str, parts.digits)) or "0")
    exponent = parts.exponent if isinstance(parts.exponent, int) else 0  # a letter for infinity
    return digits * int(10 ** min(max(exponent, 0), 9))


def reason(constraint: Constraint, error: str) -> tuple[str, str]:
    """Chinese and English for llguidance's error; its own words stay inside, except for the user's keywords."""
    if constraint.kind == "regex":
        return (
            "正则表达式无效、过大，或用了环视、反向引用等不支持的写法",
            "the regular expression is invalid, too large, or uses look-around or back-references",
        )
    if found := re.search(r"Unimplemented keys: (\[[^\]]*\])", error):
        keys = re.findall(r"\w+", found[1])[:5]
        return f"不支持关键字 {'、'.join(keys)}", f"the keywords {', '.join(keys)} are not supported"
    return (
        "它无效、自相矛盾、过大，或用了不支持的关键字",
        "it is invalid, contradictory, too large, or uses an unknown keyword",
    )


def not_supported(reason: str, reason_en: str) -> InvalidRequestError:
    return InvalidRequestError(
        "constraint_not_supported",
        f"不支持这个输出约束：{reason}。",
        f"This constraint is not supported: {reason_en}.",
        param="constraint",
    )


def _invalid(reason: str, reason_en: str) -> InvalidRequestError:
    return InvalidRequestError(
        "invalid_constraint", f"输出约束无效：{reason}。", f"Invalid constraint: {reason_en}.", param="constraint"
    )
