"""What people call the fields of a result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kantu.json_schema import applied, properties
from kantu.tasks.field_path import is_inside

_PLACE = re.compile(r"\[(\d+)\]")
_NAME = re.compile(r"[^.\[\]]+")


def label_of(schema: Mapping[str, Any] | None, path: str) -> str:
    """The titles of a field and of what it is part of: `facts[0]` is 图中依据 1. Without a title it is its own name."""
    root = dict(schema or {})
    words: list[str] = []
    described: Any = root
    left = path
    while left:
        named = properties(root, described)
        name = _first_name(left, named)
        if name:
            described = named.get(name, {})
            words.append(str(described.get("title", name)) if isinstance(described, dict) else name)
            left = left[len(name) :]
        elif place := _PLACE.match(left):
            words.append(str(int(place[1]) + 1))
            described = next((node["items"] for node in applied(root, described) if "items" in node), {})
            left = left[place.end() :]
        else:  # the dot between two names
            left = left[1:]
    return " ".join(words)


def _first_name(path: str, named: Iterable[str]) -> str:
    """The name that a path begins with; names that the schema knows may have dots and brackets in them."""
    known = (name for name in named if path == name or is_inside(path, name))
    plain = _NAME.match(path)
    return max(known, key=len, default=plain[0] if plain else "")
