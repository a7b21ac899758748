"""What people call the fields of a result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kantu.json_schema import applied, properties

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def label_of(schema: Mapping[str, Any] | None, path: str) -> str:
    """The titles of a field and of what it is part of: `facts[0]` is 图中依据 1. Without a title it is its own name."""
    root = dict(schema or {})
    words: list[str] = []
    described: Any = root
    for place, name in _STEP.findall(path):
        if place:
            words.append(str(int(place) + 1))
            described = next((node["items"] for node in applied(root, described) if "items" in node), {})
        else:
            described = properties(root, described).get(name, {})
            words.append(str(described.get("title", name)) if isinstance(described, dict) else name)
    return " ".join(words)
