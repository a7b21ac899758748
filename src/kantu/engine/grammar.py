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

from kantu.engine.constraint_errors import Path, invalid, not_supported
from kantu.engine.json_schema import is_intersection, subschemas
from kantu.engine.request import Constraint
from kantu.engine.schema_bounds import MOST_INTEGER, affordable_levels, bounded
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
# Keywords of JSON Schema that llguidance does not enforce.
_NOT_ENFORCED = {"not", "if", "then", "else", "uniqueItems", "contains", "minContains", "maxContains", "propertyNames"}
_NOT_ENFORCED |= {"dependencies", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties"}
_NOT_ENFORCED |= {"$dynamicRef", "$recursiveRef"}
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
            raise invalid("choice 必须是非空的字符串列表", "choice must be a list of strings that is not empty")
        _check_unicode("".join(value))
        return llguidance.LLMatcher.grammar_from_regex("|".join(map(_escape, value)))
    if not isinstance(value, dict):
        raise invalid("JSON Schema 必须是对象", "a JSON Schema must be an object", ())
    return _json_grammar(bounded(value, levels=_check_cost(value)))


def refusal(constraint: Constraint, error: str, fails: Callable[[str], bool]) -> InvalidRequestError:
    """The error for what llguidance refused, in our words; its own are not shown.

    Args:
        fails: whether it refuses a grammar, to find out which part of a schema is at fault.
    """
    if constraint.kind != "json_schema":
        return not_supported(
            "正则表达式无效、过大，或用了环视、反向引用等不支持的写法",
            "the regular expression is invalid, too large, or uses look-around or back-references",
        )
    return not_supported(
        "它无效、自相矛盾、过大，或用了不支持的写法",
        "it is invalid, contradictory, too large, or written in a way that is not supported",
        _at_fault(_parse(constraint.source), fails),
    )


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
        raise invalid("JSON Schema 里有无效的数或文字", "the JSON Schema holds an invalid number or text", ()) from None


def _parse(source: str) -> Any:
    try:
        return json.loads(source)
    except (ValueError, RecursionError):
        raise invalid("不是有效的 JSON，或嵌套过深", "it is not valid JSON or is nested too deeply") from None


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise invalid("不是有效的 Unicode", "it is not valid Unicode") from None


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
        raise not_supported("内容过多", "it says too much", nodes[-1].path)
    deepest = max((node.path for node in nodes), key=len, default=())
    depth = max(1, len(deepest))
    if depth > _MAX_DEPTH:
        raise not_supported("嵌套过深", "it nests too deeply", deepest[:_MAX_DEPTH])
    references = {n.value: n.path for n in nodes if n.name == "$ref" and isinstance(n.value, str)}
    if depth * (1 + len(references)) > _MAX_LEVELS:
        raise not_supported("$ref 过多", "it has too many references", list(references.values())[-1])
    for reference, path in references.items():
        if not reference.startswith("#"):
            raise not_supported("$ref 只能指向文档内部", "a $ref must stay inside the document", path)
    _check_constants(nodes)
    _check_patterns(nodes)
    multiples = {_integer(n.value): n.path for n in nodes if n.name == "multipleOf" and type(n.value) in (int, float)}
    if math.prod(multiples.keys() - {0}) > _MAX_MULTIPLE:
        path = multiples[max(multiples)]
        raise not_supported("multipleOf 过大或过多", "its multipleOf are too large or too many", path)
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
                raise not_supported("常量过大", "its constants are too large", node.path)


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
            raise not_supported(f"正则不能超过 {most} 个字符", f"a pattern has at most {most} characters", path)
        quantifiers += len(_QUANTIFIER.findall(_LITERAL.sub("a", regex)))
        if quantifiers > _MAX_QUANTIFIERS:
            most = _MAX_QUANTIFIERS
            raise not_supported(
                f"正则里的量词（?、*、+、{{}}）不能超过 {most} 个", f"patterns have at most {most} quantifiers", path
            )


def _check_patterns(nodes: list[_Node]) -> None:
    patterns = {n.value: n.path for n in nodes if n.name in ("pattern", "format") and isinstance(n.value, str)}
    if len(patterns) > _MAX_JOINT_PATTERNS and any(map(_intersects, nodes)):
        raise not_supported(
            f"与 allOf 或 $ref 合并时，pattern 不能超过 {_MAX_JOINT_PATTERNS} 种",
            f"at most {_MAX_JOINT_PATTERNS} patterns can be combined with allOf or $ref",
            list(patterns.values())[-1],
        )
    regexes = [(n.value, n.path) for n in nodes if n.name == "pattern" and isinstance(n.value, str)]
    named = [n for n in nodes if n.name == "patternProperties" and isinstance(n.value, dict)]
    if sum(len(n.value) for n in named) > _MAX_PATTERN_PROPERTIES:
        raise not_supported("patternProperties 过多", "it has too many patternProperties", named[-1].path)
    _check_regexes(regexes + [(pattern, (*n.path, pattern)) for n in named for pattern in n.value])


def _intersects(node: _Node) -> bool:
    """Whether the keyword makes a value fit several schemas at once."""
    if node.name == "allOf":
        return isinstance(node.value, list)
    return node.name in ("$ref", "anyOf") and is_intersection(node.parent)


def _check_keywords(path: tuple[str, ...], schema: dict[str, Any]) -> None:
    """Refuse what llguidance would not enforce: keywords it lacks, and numbers it cannot represent exactly."""
    for keyword, value in schema.items():
        if keyword in _NOT_ENFORCED:
            raise not_supported(f"不支持关键字 {keyword}", f"the keyword {keyword} is not supported", (*path, keyword))
        numbers = {keyword: value} if keyword in _LIMITS or keyword == "const" else {}
        if keyword == "enum" and isinstance(value, list):
            numbers = {str(i): item for i, item in enumerate(value)}
        for name, number in numbers.items():
            place = (*path, keyword) if name == keyword else (*path, keyword, name)
            if isinstance(number, float) and not math.isfinite(number):
                raise invalid("这不是 JSON 里的数", "it is no number of JSON", place)
            if type(number) in (int, float) and not _exact(number):
                raise not_supported(
                    "数太大，无法精确表示（绝对值须小于 2 的 63 次方）",
                    "the number is too large to be exact (it must be below 2**63 either way)",
                    place,
                )


def _exact(number: float) -> bool:
    return abs(number) <= MOST_INTEGER and float(number) == number


def _integer(multiple: float) -> int:
    """The least power of ten times `multiple` that is an integer, as llguidance counts it."""
    parts = Decimal(str(multiple)).as_tuple()
    digits = int("".join(map(str, parts.digits)) or "0")
    exponent = parts.exponent if isinstance(parts.exponent, int) else 0  # a letter stands for infinity
    return digits * int(10 ** min(max(exponent, 0), 9))
