"""A constraint in llguidance's own form, or a refusal.

llguidance's cost in time and stack is not bounded for every JSON Schema, and it runs in our own process: a schema that
would cost too much must not reach it. The figures beside the limits are those of version 1.9.1 on one core.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import llguidance

from kantu.engine.request import Constraint
from kantu.engine.schema_bounds import MOST_INTEGER, affordable_levels, bounded
from kantu.errors import KantuError, error
from kantu.json_schema import NOT_ENFORCED, Path, at, is_intersection, subschemas

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
# Members and containers of a schema: 0.2 ms and 40 kB each if all are alternatives.
_MAX_NODES = 2_500
# Members and containers of its constants, each of which becomes a rule: 25 ms and a run of 30 ms for 1,000.
_MAX_CONSTANT_NODES = 1_000
# A pattern's characters: 0.3 us each. Its quantifiers: their cost is quadratic; `.?` 256 times takes 6 ms and 3 MB,
# 3,000 times 0.8 s and 140 MB.
_MAX_PATTERN_CHARACTERS = 4_096
_MAX_QUANTIFIERS = 256
# Depth times references. From about 2,800 levels on, a stack of 8 MiB overflows, which kills the process.
_MAX_LEVELS = 640
# Patterns on one string. Each doubles the time: 8 take 2 ms, 14 take 5 s.
_MAX_JOINT_PATTERNS = 8
# Pattern properties. Each two of them are compared, 0.25 ms a pair.
_MAX_PATTERN_PROPERTIES = 32
# States of the automaton for a common multiple, 4 us each.
_MAX_MULTIPLE = 100_000
_LIMITS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_LITERAL = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)  # an escaped character, a class of characters
_QUANTIFIER = re.compile(r"(?<!\()[?*+{]")  # `(?` begins a group
# Seconds to search the part of a schema that is at fault; most searches take a few milliseconds.
_SEARCH_SECONDS = 0.5


def grammar(constraint: Constraint) -> str:
    """The constraint in llguidance's own form."""
    if constraint.kind == "json_object":
        return _json_grammar(bounded({"type": "object"}))
    if constraint.kind == "regex":
        _check_unicode(constraint.source)
        _check_regexes([(constraint.source, None)])
        return llguidance.LLMatcher.grammar_from_regex(constraint.source)
    value = _parse(constraint.source)
    if constraint.kind == "choice":
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise error("invalid_constraint.choice")
        _check_unicode("".join(value))
        return llguidance.LLMatcher.grammar_from_regex("|".join(map(_escape, value)))
    if not isinstance(value, dict):
        raise error("invalid_constraint.schema", at=at(()))
    return _json_grammar(bounded(value, levels=_check_cost(value)))


def refusal(constraint: Constraint, failure: str, fails: Callable[[str], bool]) -> KantuError:
    """The error for what llguidance refused, in our words; its own are not shown.

    Args:
        fails: whether it refuses a grammar, to find out which part of a schema is at fault.
    """
    if constraint.kind != "json_schema":
        return error("constraint_not_supported.regex")
    return error("constraint_not_supported.schema", at=at(_at_fault(_parse(constraint.source), fails)))


def _at_fault(schema: dict[str, Any], fails: Callable[[str], bool]) -> Path:
    """The innermost part that is refused by itself, and the keyword without which it would be accepted."""
    until = time.perf_counter() + _SEARCH_SECONDS

    def refused(part: dict[str, Any]) -> bool:
        return time.perf_counter() < until and fails(_json_grammar(bounded(part, root=schema, levels=2)))

    for path, part in sorted(subschemas(schema), key=lambda found: -len(found[0])):
        if refused(part):
            for keyword in sorted(part, key=lambda keyword: keyword == "type"):  # without `type`, anything is accepted
                if not refused({name: value for name, value in part.items() if name != keyword}):
                    return (*path, keyword) if time.perf_counter() < until else path
            return path
    return ()


def _json_grammar(schema: dict[str, Any]) -> str:
    # "x-guidance" would let a schema change llguidance's options
    schema = {name: value for name, value in schema.items() if name != "x-guidance"}
    try:
        return llguidance.LLMatcher.grammar_from_json_schema(
            json.dumps(schema, allow_nan=False), overrides=_JSON_OPTIONS
        )
    except ValueError:
        raise error("invalid_constraint.schema_values", at=at(())) from None


def _parse(source: str) -> Any:
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        raise error("invalid_constraint.json") from None


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise error("invalid_constraint.unicode") from None


def _escape(text: str) -> str:
    """A regular expression for exactly this text; Rust's syntax refuses some of what `re.escape` writes."""
    return "".join(char if char.isalnum() else rf"\x{{{ord(char):x}}}" for char in text)


@dataclass(frozen=True)
class _Node:
    """One keyword of a JSON document at any depth, with the object that holds it and the path to it."""

    path: tuple[str, ...]
    value: Any
    parent: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path[-1]


def _nodes(schema: dict[str, Any]) -> Iterator[_Node]:
    """Every member of every object in it. Not recursive, as the user chooses its depth."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), schema)]
    while waiting:
        path, value = waiting.pop()
        members = value.items() if isinstance(value, dict) else enumerate(value)
        steps = [((*path, str(name)), item) for name, item in members]
        if isinstance(value, dict):
            yield from (_Node(step, item, value) for step, item in steps)
        waiting += [(step, item) for step, item in steps if isinstance(item, dict | list)]


def _check_cost(schema: dict[str, Any]) -> int:
    """How many levels of recursion are affordable.

    Raises:
        InvalidRequestError: llguidance would need unbounded time or stack for the schema, or would not enforce it.
    """
    nodes = list(itertools.islice(_nodes(schema), _MAX_NODES + 1))
    if len(nodes) > _MAX_NODES:
        raise error("constraint_not_supported.size", at=at(nodes[-1].path))
    deepest = max((node.path for node in nodes), key=len, default=())
    depth = max(1, len(deepest))
    if depth > _MAX_DEPTH:
        raise error("constraint_not_supported.depth", at=at(deepest[:_MAX_DEPTH]))
    references = {n.value: n.path for n in nodes if n.name == "$ref" and isinstance(n.value, str)}
    if depth * (1 + len(references)) > _MAX_LEVELS:
        raise error("constraint_not_supported.references", at=at(list(references.values())[-1]))
    for reference, path in references.items():
        if not reference.startswith("#"):
            raise error("constraint_not_supported.outer_reference", at=at(path))
    _check_constants(nodes)
    _check_patterns(nodes)
    multiples = {_integer(n.value): n.path for n in nodes if n.name == "multipleOf" and type(n.value) in (int, float)}
    if math.prod(multiples.keys() - {0}) > _MAX_MULTIPLE:
        path = multiples[max(multiples)]
        raise error("constraint_not_supported.multiple_of", at=at(path))
    for path, part in subschemas(schema):
        _check_keywords(path, part)
    return affordable_levels(depth, len(references))


def _check_constants(nodes: list[_Node]) -> None:
    count = 0
    for node in nodes:
        if node.name in ("const", "enum"):
            values = node.value if node.name == "enum" and isinstance(node.value, list) else [node.value]
            count += sum(_size(value) for value in values if isinstance(value, dict | list))
            if count > _MAX_CONSTANT_NODES:
                raise error("constraint_not_supported.constants", at=at(node.path))


def _size(value: Any) -> int:
    """How many values a JSON value contains, itself included. Not recursive, as the user chooses its depth."""
    waiting, count = [value], 0
    while waiting:
        value = waiting.pop()
        count += 1
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return count


def _check_regexes(regexes: Sequence[tuple[str, Path | None]]) -> None:
    """Refuse patterns that are too long, or that together have too many quantifiers."""
    quantifiers = 0
    for regex, path in regexes:
        if len(regex) > _MAX_PATTERN_CHARACTERS:
            most = _MAX_PATTERN_CHARACTERS
            raise error("constraint_not_supported.pattern_length", at=at(path), most=most)
        quantifiers += len(_QUANTIFIER.findall(_LITERAL.sub("a", regex)))
        if quantifiers > _MAX_QUANTIFIERS:
            most = _MAX_QUANTIFIERS
            raise error("constraint_not_supported.quantifiers", at=at(path), most=most)


def _check_patterns(nodes: list[_Node]) -> None:
    patterns = {n.value: n.path for n in nodes if n.name in ("pattern", "format") and isinstance(n.value, str)}
    if len(patterns) > _MAX_JOINT_PATTERNS and any(map(_intersects, nodes)):
        raise error(
            "constraint_not_supported.joint_patterns", at=at(list(patterns.values())[-1]), most=_MAX_JOINT_PATTERNS
        )
    regexes = [(n.value, n.path) for n in nodes if n.name == "pattern" and isinstance(n.value, str)]
    named = [n for n in nodes if n.name == "patternProperties" and isinstance(n.value, dict)]
    if sum(len(n.value) for n in named) > _MAX_PATTERN_PROPERTIES:
        raise error("constraint_not_supported.pattern_properties", at=at(named[-1].path))
    _check_regexes(regexes + [(pattern, (*n.path, pattern)) for n in named for pattern in n.value])


def _intersects(node: _Node) -> bool:
    """Whether the keyword makes a value fit several schemas at once."""
    if node.name == "allOf":
        return isinstance(node.value, list)
    return node.name in ("$ref", "anyOf") and is_intersection(node.parent)


def _check_keywords(path: tuple[str, ...], schema: dict[str, Any]) -> None:
    """Refuse what llguidance would not enforce: keywords it lacks, and numbers it cannot represent exactly."""
    for keyword, value in schema.items():
        if keyword in NOT_ENFORCED:
            raise error("constraint_not_supported.keyword", at=at((*path, keyword)), keyword=keyword)
        numbers = {keyword: value} if keyword in _LIMITS or keyword == "const" else {}
        if keyword == "enum" and isinstance(value, list):
            numbers = {str(i): item for i, item in enumerate(value)}
        for name, number in numbers.items():
            place = (*path, keyword) if name == keyword else (*path, keyword, name)
            if isinstance(number, float) and not math.isfinite(number):
                raise error("invalid_constraint.number", at=at(place))
            if type(number) in (int, float) and not _exact(number):
                raise error("constraint_not_supported.number", at=at(place))


def _exact(number: float) -> bool:
    return abs(number) <= MOST_INTEGER and float(number) == number


def _integer(multiple: float) -> int:
    """The least power of ten times `multiple` that is an integer, as llguidance counts it."""
    parts = Decimal(str(multiple)).as_tuple()
    digits = int("".join(map(str, parts.digits)) or "0")
    exponent = parts.exponent if isinstance(parts.exponent, int) else 0  # a letter stands for infinity
    return digits * int(10 ** min(max(exponent, 0), 9))
