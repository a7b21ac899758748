"""What people call the fields of a result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kantu.json_schema import applied, properties
from kantu.tasks.field_path import is_inside

_PLACE = re.compile(r"\[(\d+)\]")
_WORDS_ON_IT = ("label", "text")  # as `kantu.tasks.results` calls them in what has a box
_MOST_CHARACTERS = 30  # of a name
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


def name_of(schema: Mapping[str, Any] | None, path: str, value: Any) -> str:
    """What people call a field with this value: a found thing, which has no title, by the words on it."""
    if isinstance(value, dict) and (not path or path.endswith("]")):
        words = next((word for key in _WORDS_ON_IT if isinstance(word := value.get(key), str) and word.strip()), None)
        if words is not None:
            return words if len(words) <= _MOST_CHARACTERS else f"{words[:_MOST_CHARACTERS]}……"
    return label_of(schema, path)


def _first_name(path: str, named: Iterable[str]) -> str:
    """The name that a path begins with; names that the schema knows may have dots and brackets in them."""
    known = (name for name in named if path == name or is_inside(path, name))
    plain = _NAME.match(path)
    return max(known, key=len, default=plain[0] if plain else "")
