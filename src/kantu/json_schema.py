"""The shape of a JSON Schema: where its subschemas stand, and what its references point to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from kantu.errors import Words

Path = tuple[str, ...]

# Keywords that do not restrict the value, so that they do not intersect with their siblings.
ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "discriminator", "$defs", "definitions"}
ANNOTATIONS |= {"$schema", "$id", "id", "$anchor", "$comment", "readOnly", "writeOnly", "contentMediaType"}
ANNOTATIONS |= {"contentEncoding"}

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
    applied = schema.keys() & {"$ref", "anyOf", "oneOf"}
    return bool(applied) and len(schema.keys() - ANNOTATIONS) > 1


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


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
