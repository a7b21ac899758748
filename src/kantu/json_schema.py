"""The shape of a JSON Schema: where its subschemas stand, what its references point to, which properties it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any
from urllib.parse import quote, unquote

from kantu.errors import Words

Path = tuple[str, ...]

# Keywords that do not restrict the value, so that they do not intersect with their siblings.
ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "discriminator", "$defs", "definitions"}
ANNOTATIONS |= {"$schema", "$id", "id", "$anchor", "$comment", "readOnly", "writeOnly", "contentMediaType"}
ANNOTATIONS |= {"contentEncoding"}

# Keywords that llguidance does not enforce, so that no result may depend on them.
NOT_ENFORCED = {"not", "if", "then", "else", "uniqueItems", "contains", "minContains", "maxContains", "propertyNames"}
NOT_ENFORCED |= {"dependencies", "dependentRequired", "dependentSchemas", "unevaluatedItems", "unevaluatedProperties"}
NOT_ENFORCED |= {"$dynamicRef", "$recursiveRef"}

_ONE = {"items", "additionalItems", "additionalProperties"}
_LISTS = {"prefixItems", "items", "allOf", "anyOf", "oneOf"}
_MAPS = {"properties", "patternProperties", "$defs", "definitions"}


def at(path: Sequence[str] | None) -> Words:
    """A place in a schema as an error begins with it; nothing for None.

    >>> at(("properties", "金额", "not")).zh, at(()).en
    ('properties.金额.not：', '#: ')
    """
    if path is None:
        return Words("", "")
    place = ".".join(path) or "#"
    return Words(f"{place}：", f"{place}: ")


def children(schema: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The direct subschemas of this one, with the path to each."""
    for keyword, value in schema.items():
        if keyword in _MAPS and isinstance(value, dict):
            yield from (((keyword, name), item) for name, item in value.items())
        elif keyword in _LISTS and isinstance(value, list):
            yield from (((keyword, str(i)), item) for i, item in enumerate(value))
        elif keyword in _ONE:
            yield (keyword,), value


def subschemas(schema: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """This schema and all its subschemas, parents first. Not recursive, as the user chooses its depth."""
    waiting: list[tuple[Path, Any]] = [((), schema)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            yield path, node
            waiting += [((*path, *step), child) for step, child in reversed(list(children(node)))]


def is_intersection(schema: dict[str, Any]) -> bool:
    """Whether a value must fit several of its schemas at once: `allOf`, or `$ref`, `anyOf` or `oneOf` beside others."""
    if "allOf" in schema:
        return True
    applicators = schema.keys() & {"$ref", "anyOf", "oneOf"}
    return bool(applicators) and len(schema.keys() - ANNOTATIONS) > 1


def applied(root: dict[str, Any], schema: Any) -> list[dict[str, Any]]:
    """The schema and those that describe the same value: what its `$ref`, `allOf`, `anyOf` and `oneOf` lead to."""
    found: dict[int, dict[str, Any]] = {}
    waiting = [schema]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, dict) and id(node) not in found:
            found[id(node)] = node
            target = resolve(root, node["$ref"]) if isinstance(node.get("$ref"), str) else None
            waiting += [] if target is None else [target[1]]
            waiting += [child for step, child in children(node) if step[0] in ("allOf", "anyOf", "oneOf")]
    return list(found.values())


def properties(root: dict[str, Any], schema: Any) -> dict[str, Any]:
    """The properties that a schema declares, itself or by what it applies, in their order."""
    found: dict[str, Any] = {}
    for node in applied(root, schema):
        for step, child in children(node):
            if step[0] == "properties":
                found.setdefault(step[1], child)
    return found


def or_null(schema: Any) -> Any:
    """The schema, which now allows null; a constant and what allows null already stay as they are."""
    if not isinstance(schema, dict) or not schema.keys() - ANNOTATIONS or "const" in schema or _allows_null(schema):
        return schema
    told = {name: value for name, value in schema.items() if name in ("title", "description")}
    return {**told, "anyOf": [{name: value for name, value in schema.items() if name not in told}, {"type": "null"}]}


def _allows_null(schema: Any) -> bool:
    """Whether it is seen to allow null, without following references."""
    if not isinstance(schema, dict):
        return False
    kinds, values = schema.get("type"), schema.get("enum")
    stated = kinds == "null" or (isinstance(kinds, list) and "null" in kinds)
    listed = isinstance(values, list) and None in values
    branches = [child for step, child in children(schema) if step[0] in ("anyOf", "oneOf")]
    return stated or listed or any(map(_allows_null, branches))


def resolve(root: dict[str, Any], reference: str) -> tuple[Path, Any] | None:
    """The path that a reference inside the document leads to, and the schema there; None if there is none.

    A reference is a JSON Pointer (RFC 6901), whose names may be plain or percent-encoded (its URI fragment form), or
    the name of an `$anchor`.

    >>> resolve({"$defs": {"项 目/a": True}}, "#/$defs/%E9%A1%B9 目~1a")
    (('$defs', '项 目/a'), True)
    """
    if not reference.startswith("#"):
        return None
    if reference[1:] and not reference.startswith("#/"):
        name = unquote(reference[1:])
        return next(((path, node) for path, node in subschemas(root) if node.get("$anchor") == name), None)
    path: list[str] = []
    node: Any = root
    for part in reference[2:].split("/") if len(reference) > 1 else ():
        names = [_unescaped(part), _unescaped(unquote(part))]
        if isinstance(node, dict):
            found = next((name for name in names if name in node), None)
            if found is None:
                return None
            node = node[found]
        elif isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            found, node = part, node[int(part)]
        else:
            return None
        path.append(found)
    return tuple(path), node


def is_costly(schema: dict[str, Any], value: Any, most: int) -> bool:
    """Whether checking the value may take more than so many steps.

    A subschema is applied once for every way that leads to it: where each level applies the next one twice, that is
    2 to the number of levels. Keywords of `NOT_ENFORCED` do not count.
    """
    targets: dict[str, Any] = {}
    waiting = [(schema, value)]
    taken = 0
    while waiting and taken + len(waiting) <= most:
        taken += 1
        node, here = waiting.pop()
        if not isinstance(node, dict):
            continue
        if isinstance(reference := node.get("$ref"), str):
            if reference not in targets:
                targets[reference] = (resolve(schema, reference) or ((), True))[1]
            waiting.append((targets[reference], here))
        for step, child in children(node):
            waiting += [(child, part) for part in _parts(here, step)]
    return bool(waiting)


def _parts(value: Any, step: Path) -> Iterable[Any]:
    """The parts of a value to which a subschema applies, or more of them."""
    keyword, *names = step
    if keyword in ("allOf", "anyOf", "oneOf"):
        return [value]
    if keyword == "properties":
        return [value[names[0]]] if isinstance(value, dict) and names[0] in value else []
    if keyword in ("patternProperties", "additionalProperties"):
        return value.values() if isinstance(value, dict) else []
    if keyword in ("items", "prefixItems", "additionalItems"):
        return value if isinstance(value, list) else []
    return []


def with_uri_references(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy whose references into the document are URI fragments, which validators insist on, however written."""
    copied = deepcopy(schema)
    for _, node in subschemas(copied):
        reference = node.get("$ref")
        found = resolve(schema, reference) if isinstance(reference, str) else None
        if found is not None:
            names = (name.replace("~", "~0").replace("/", "~1") for name in found[0])
            node["$ref"] = "#" + "".join(f"/{quote(name, safe='$~')}" for name in names)
    return copied


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
