"""What a task's JSON schema says about its first field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kantu.json_schema import Path, resolve


@dataclass(frozen=True)
class Choice:
    """The first field of a record, where the model chooses among known values: a verdict, a status, a kind.

    Attributes:
        name: of the field.
        values: what it may be; None for "the picture does not show it".
    """

    name: str
    values: tuple[str | None, ...]

    @property
    def beginnings(self) -> tuple[str, ...]:
        """How the record begins with each value, as the model writes JSON."""
        name = json.dumps(self.name, ensure_ascii=False)
        return tuple(f"{{{name}: {json.dumps(value, ensure_ascii=False)}" for value in self.values)


def first_choice(schema: Mapping[str, Any]) -> Choice | None:
    """The first field of an object, if it has a list of values (or is one of such lists, or null)."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return None
    name, described = next(iter(properties.items()))
    values = _values(described, dict(schema))
    return Choice(name, values) if values is not None and len(values) > 1 else None


def narrowed(schema: Mapping[str, Any], name: str, value: str | None) -> dict[str, Any]:
    """The schema with one field decided."""
    return {**schema, "properties": {**schema["properties"], name: {"const": value}}}


def _values(described: Any, schema: dict[str, Any], within: tuple[Path, ...] = ()) -> tuple[str | None, ...] | None:
    """What a described value may be, where that is a list.

    Args:
        within: definitions that are being read, which a user's schema may refer to again.
    """
    if not isinstance(described, Mapping):
        return None
    if "$ref" in described:
        found = resolve(schema, described["$ref"])
        return None if found is None or found[0] in within else _values(found[1], schema, (*within, found[0]))
    if described.get("type") == "null":
        return (None,)
    if "enum" in described:
        return tuple(described["enum"]) if all(v is None or isinstance(v, str) for v in described["enum"]) else None
    if "const" in described:
        return (described["const"],) if isinstance(described["const"], str) else None
    if "anyOf" in described:
        parts = [_values(part, schema, within) for part in described["anyOf"]]
        return None if None in parts else tuple(value for part in parts for value in part or ())
    return None
