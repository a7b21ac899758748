"""Fields of a record by name: `amount`, `shop.name`, `goods[].price` for the price of each of the goods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kantu.json_schema import applied, properties

Steps = tuple[str | None, ...]
"""The way to a field: a name, or None for each item of a list."""


def find(root: dict[str, Any], field: str) -> tuple[Steps, Any] | None:
    """The way to a field, and its schema; None where the schema `root` has no such field."""
    found = _find(root, root, field)
    return found if found and found[0] else None


def values(record: Any, steps: Steps, path: str = "") -> Iterator[tuple[str, Any]]:
    """What stands at the end of the way, with its path in this record: `goods[0].price`."""
    if not steps:
        yield path, record
    elif steps[0] is None:
        for index, item in enumerate(record if isinstance(record, list) else ()):
            yield from values(item, steps[1:], f"{path}[{index}]")
    elif isinstance(record, Mapping) and steps[0] in record:
        yield from values(record[steps[0]], steps[1:], f"{path}.{steps[0]}" if path else steps[0])


def is_inside(path: str, outer: str) -> bool:
    """Whether a path leads into what stands at the other, `goods[0].price` into `goods`."""
    return path.startswith((f"{outer}.", f"{outer}["))


def _find(root: dict[str, Any], schema: Any, rest: str) -> tuple[Steps, Any] | None:
    if not rest:
        return (), schema
    ways: list[tuple[str | None, Any]] = list(properties(root, schema).items())  # names may have dots in them
    ways += [(None, node["items"]) for node in applied(root, schema) if isinstance(node.get("items"), dict)]
    for step, child in ways:
        written = "[]" if step is None else step
        after = rest.removeprefix(written)
        if not written or not rest.startswith(written) or after == "." or after[:1] not in ("", ".", "["):
            continue
        found = _find(root, child, after.removeprefix("."))
        if found is not None:
            return (step, *found[0]), found[1]
    return None
