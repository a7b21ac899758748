"""JSON Schema -> a schema of the same meaning whose values all end, and which allows no invented keys.

A model that is unsure writes digits, items or keys for ever. What a schema leaves unbounded gets the bounds below
before it becomes a grammar; bounds that it states itself are kept. The result is self-contained: its definitions have
plain names, recursion is unrolled to a depth, and it allows nothing that the original does not allow.

Two things get no bound of ours: strings with a `pattern` or `format` (counting characters beside a pattern costs 4 ms a
token at 151,936 tokens), and the keys of an object that has both optional and undeclared ones (llguidance cannot count
both). There only the token limit ends the answer (see `engine.closing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kantu.errors import error
from kantu.json_schema import ANNOTATIONS, Path, at, children, is_intersection, resolve

MOST_INTEGER = 2**63 - 1024  # of either sign, and before the point of a number: 19 digits, the last exact double there
MOST_DECIMALS = 10  # of a number, which is written without an exponent
MOST_CHARACTERS = 2048  # of a string
MOST_ITEMS = 1024  # of an array
MOST_KEYS = 256  # of an object that declares no keys
MOST_LEVELS = 16  # of a schema that refers to itself, and of a value without restrictions

_SCALARS = ["null", "boolean", "number", "string"]
_TYPES = [*_SCALARS, "array", "object"]
_NUMBER = {"minimum": -MOST_INTEGER, "maximum": MOST_INTEGER, "multipleOf": 10**-MOST_DECIMALS}
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_OLD_DRAFTS = ("draft-04", "draft-06", "draft-07", "draft/2019-09")
_LEVEL_BUDGET = 1500  # depth times definitions times levels; llguidance's stack takes 2,800


def bounded(schema: dict[str, Any], *, root: dict[str, Any] | None = None, levels: int = MOST_LEVELS) -> dict[str, Any]:
    """The schema with bounds.

    - Integers, and numbers before the point: `MOST_INTEGER`; after the point `MOST_DECIMALS` digits; no exponent.
    - Strings `MOST_CHARACTERS`, arrays `MOST_ITEMS`, objects without declared keys `MOST_KEYS`, recursion
      `MOST_LEVELS`.
    - An object that declares keys and does not mention `additionalProperties` has no other keys; an array with
      `prefixItems` and no `items` has no further items.

    Args:
        schema: JSON Schema as far as llguidance supports it.
        root: the document in which its references are resolved; the schema itself by default.
        levels: of recursion, if fewer than `MOST_LEVELS` are affordable.

    Raises:
        InvalidRequestError: `constraint_not_supported`: a reference leads nowhere.
    """
    return _Bounding(schema if root is None else root, levels).document(schema)


def affordable_levels(depth: int, references: int) -> int:
    """To how many levels the recursion of a schema of this depth, with so many references, can be unrolled."""
    return max(2, min(MOST_LEVELS, _LEVEL_BUDGET // (depth * (1 + references))))


class _Bounding:
    """Rewrites one document. Its definitions are named when first referred to, then made one after the other."""

    def __init__(self, root: dict[str, Any], levels: int) -> None:
        self._root, self._levels = root, levels
        self._tuples = not any(draft in str(root.get("$schema")) for draft in _OLD_DRAFTS)
        self._names: dict[tuple[Path, bool, int], str] = {}
        self._waiting: list[tuple[Path, Any, bool, int]] = []
        self._recursive: dict[Path, bool] = {}
        self._definitions: dict[str, Any] = {}

    def document(self, schema: dict[str, Any]) -> dict[str, Any]:
        body = self._schema(schema, (), True, 0)
        while self._waiting:
            path, node, closed, level = self._waiting.pop()
            self._definitions[self._names[path, closed, level]] = self._schema(node, path, closed, level)
        body = body if isinstance(body, dict) else {"anyOf": [body]}
        kept = {"$schema": schema["$schema"]} if "$schema" in schema else {}
        return {**kept, **body, "$defs": self._definitions}

    def _schema(self, schema: Any, path: Path, closed: bool, level: int) -> Any:
        """One schema, rewritten.

        Args:
            closed: whether this schema alone restricts the value. Otherwise it is intersected with others, and the
                schema around it sets the bounds.
            level: how often a schema that refers to itself has been entered.
        """
        if schema is True or (isinstance(schema, dict) and not schema.keys() - ANNOTATIONS):
            return self._anything(0) if closed else True
        if not isinstance(schema, dict):
            return schema
        joint = is_intersection(schema)
        result: dict[str, Any] = {}
        made = {
            step: self._schema(child, (*path, *step), _stands_alone(step, joint, closed), level)
            for step, child in children(schema)
            if step[0] not in ("$defs", "definitions")
        }
        for keyword, value in schema.items():
            if keyword == "$ref":
                result[keyword] = self._reference(value, (*path, keyword), closed and not joint, level)
                if result[keyword] is None:
                    return False
            elif keyword not in ANNOTATIONS:
                result[keyword] = _with(value, keyword, made)
        alone = joint or not schema.keys() & {"$ref", "anyOf", "oneOf"}
        if closed and alone and not schema.keys() & {"const", "enum"}:
            self._bound(result, self._stated(schema))
        return result

    def _reference(self, reference: Any, path: Path, closed: bool, level: int) -> str | None:
        """The definition's name; None if it must not be entered again."""
        found = resolve(self._root, reference) if isinstance(reference, str) else None
        if found is None:
            raise error("constraint_not_supported.dangling_reference", at=at(path), reference=reference)
        pointer, node = found
        level = level + 1 if self._refers_to_itself(pointer, node) else 0
        if level > self._levels:
            return None
        key = (pointer, closed, level)
        if key not in self._names:
            self._names[key] = f"d{len(self._names)}"
            self._waiting.append((pointer, node, closed, level))
        return f"#/$defs/{self._names[key]}"

    def _refers_to_itself(self, pointer: Path, node: Any) -> bool:
        if pointer not in self._recursive:
            seen: set[Path] = set()
            waiting = [node]
            while waiting:
                for target, there in self._targets(waiting.pop()):
                    if target not in seen:
                        seen.add(target)
                        waiting.append(there)
            self._recursive[pointer] = pointer in seen
        return self._recursive[pointer]

    def _targets(self, node: Any) -> list[tuple[Path, Any]]:
        """The targets of its references."""
        found: list[tuple[Path, Any]] = []
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                target = resolve(self._root, node["$ref"]) if isinstance(node.get("$ref"), str) else None
                found += [] if target is None else [target]
                waiting += [child for step, child in children(node) if step[0] not in ("$defs", "definitions")]
        return found

    def _anything(self, level: int) -> dict[str, Any]:
        """A reference to a definition of any value, nested at most `MOST_LEVELS` deep."""
        name = f"any{level}"
        if name not in self._definitions:
            last = level == MOST_LEVELS
            self._definitions[name] = {"type": _SCALARS if last else _TYPES, **_NUMBER, "maxLength": MOST_CHARACTERS}
            if not last:
                nested = self._anything(level + 1)
                self._definitions[name] |= {"items": nested, "maxItems": MOST_ITEMS}
                self._definitions[name] |= {"additionalProperties": nested, "maxProperties": MOST_KEYS}
        return {"$ref": f"#/$defs/{name}"}

    def _stated(self, schema: dict[str, Any]) -> dict[str, list[Any]]:
        """All that this schema and those it is intersected with state: keyword -> values."""
        found: dict[str, list[Any]] = {}
        seen: set[Path] = set()
        waiting: list[Any] = [schema]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, dict):
                continue
            for keyword, value in node.items():
                found.setdefault(keyword, []).append(value)
                if keyword in ("allOf", "anyOf", "oneOf") and isinstance(value, list):
                    waiting += value
            target = resolve(self._root, node["$ref"]) if isinstance(node.get("$ref"), str) else None
            if target is not None and target[0] not in seen:
                seen.add(target[0])
                waiting.append(target[1])
        return found

    def _bound(self, result: dict[str, Any], stated: Mapping[str, list[Any]]) -> None:
        types = {
            name for value in stated.get("type", [_TYPES]) for name in ([value] if isinstance(value, str) else value)
        }
        if types & {"integer", "number"}:
            _bound_number(result, stated, "number" in types)
        if "string" in types and not stated.keys() & {"maxLength", "pattern", "format"}:
            result["maxLength"] = max([MOST_CHARACTERS, *_counts(stated, "minLength")])
        if "array" in types:
            self._bound_array(result, stated)
        if "object" in types:
            self._bound_object(result, stated)

    def _bound_array(self, result: dict[str, Any], stated: Mapping[str, list[Any]]) -> None:
        lists = [value for value in stated.get("items", ()) if isinstance(value, list)]
        tuples = lists or (stated.get("prefixItems", []) if self._tuples else [])
        listed = max((len(value) for value in tuples if isinstance(value, list)), default=0)
        least = max([0, *_counts(stated, "minItems")])
        rest = "additionalItems" if lists else "items"
        if rest not in stated:
            result[rest] = False if listed and least <= listed else self._anything(0)
        if "maxItems" not in stated:
            result["maxItems"] = max(MOST_ITEMS, least, listed)

    def _bound_object(self, result: dict[str, Any], stated: Mapping[str, list[Any]]) -> None:
        declared, patterns = _names(stated, "properties"), _names(stated, "patternProperties")
        required = {name for value in stated.get("required", ()) if isinstance(value, list) for name in value}
        if "additionalProperties" not in stated:
            undeclared = sorted(map(str, required - declared.keys()))
            if (not declared and not patterns) or (patterns and undeclared):
                result["additionalProperties"] = self._anything(0)
            else:
                own = result.get("properties", {})
                known = {**declared, **{name: self._anything(0) for name in undeclared}}
                result["properties"] = {**own, **{name: value for name, value in known.items() if name not in own}}
                if patterns:
                    result["patternProperties"] = {**patterns, **result.get("patternProperties", {})}
                result["additionalProperties"] = False
        open_ended = bool(patterns) or result.get("additionalProperties") is not False
        if open_ended and "maxProperties" not in stated and declared.keys() <= required:
            least = max([0, *_counts(stated, "minProperties")])
            result["maxProperties"] = max(MOST_KEYS + len(required), least)


def _stands_alone(step: Path, joint: bool, closed: bool) -> bool:
    return closed and not joint if step[0] in ("allOf", "anyOf", "oneOf") else True


def _with(value: Any, keyword: str, made: Mapping[Path, Any]) -> Any:
    """A keyword's value, with its subschemas replaced by the rewritten ones."""
    if isinstance(value, dict) and (keyword,) not in made:
        return {name: made.get((keyword, name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [made.get((keyword, str(i)), item) for i, item in enumerate(value)]
    return made.get((keyword,), value)


def _bound_number(result: dict[str, Any], stated: Mapping[str, list[Any]], fraction: bool) -> None:
    if not stated.keys() & {"minimum", "exclusiveMinimum"}:
        result["minimum"] = _NUMBER["minimum"]
    if not stated.keys() & {"maximum", "exclusiveMaximum"}:
        result["maximum"] = _NUMBER["maximum"]
    limits = [value for keyword in _LIMITS for value in stated.get(keyword, ()) if type(value) in (int, float)]
    if fraction and "multipleOf" not in stated and all(_decimals(limit) <= MOST_DECIMALS for limit in limits):
        result["multipleOf"] = _NUMBER["multipleOf"]


def _decimals(value: float) -> int:
    exponent = Decimal(str(value)).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _counts(stated: Mapping[str, list[Any]], keyword: str) -> list[int]:
    return [value for value in stated.get(keyword, ()) if type(value) is int]


def _names(stated: Mapping[str, list[Any]], keyword: str) -> dict[str, bool]:
    return {name: True for value in stated.get(keyword, ()) if isinstance(value, dict) for name in value}
