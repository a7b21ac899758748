"""What people call the fields of a result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def label_of(schema: Mapping[str, Any] | None, path: str) -> str:
    """The titles of a field and of what it is part of: `facts[0]` is 图中依据 1. Without a title it is its own name."""
    words: list[str] = []
    described: Mapping[str, Any] = schema or {}
    for place, name in _STEP.findall(path):
        described = _resolved(described, schema or {})
        if place:
            words.append(str(int(place) + 1))
            described = described.get("items", {})
        else:
            described = described.get("properties", {}).get(name, {})
            words.append(str(described.get("title", name)))
    return " ".join(words)


def _resolved(described: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = described.get("$ref")
    if not isinstance(reference, str):
        return described
    found: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found if isinstance(found, Mapping) else {}
