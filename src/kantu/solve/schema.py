"""What a task's JSON schema says about its first field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
        return tuple(f"{{{json.dumps(self.name)}: {json.dumps(value, ensure_ascii=False)}" for value in self.values)


def first_choice(schema: Mapping[str, Any]) -> Choice | None:
    """The first field of an object, if it has a list of values (or is one of such lists, or null)."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return None
    name, described = next(iter(properties.items()))
    values = _values(described, schema)
    return Choice(name, values) if values is not None and len(values) > 1 else None


def narrowed(schema: Mapping[str, Any], name: str, value: str | None) -> dict[str, Any]:
    """The schema with one field decided."""
    return {**schema, "properties": {**schema["properties"], name: {"const": value}}}


def _values(described: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str | None, ...] | None:
    if "$ref" in described:
        found: Any = schema
        for step in described["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return _values(found, schema)
    if described.get("type") == "null":
        return (None,)
    if "enum" in described:
        return tuple(described["enum"]) if all(v is None or isinstance(v, str) for v in described["enum"]) else None
    if "const" in described:
        return (described["const"],) if isinstance(described["const"], str) else None
    if "anyOf" in described:
        parts = [_values(part, schema) for part in described["anyOf"]]
        return None if None in parts else tuple(value for part in parts for value in part or ())
    return None
