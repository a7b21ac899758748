"""Which series an expression of PromQL names, and by which labels it chooses among them."""

from __future__ import annotations

import re

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SERIES = re.compile(r"\b((?:kantu_|vllm:)\w+|up)\b(?:\s*\{([^}]*)\})?")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def series_in(expression: str) -> list[tuple[str, frozenset[str]]]:
    """(name, labels in its matchers) of every series."""
    bare = _STRING.sub('""', expression)
    return [(name, frozenset(_LABEL.findall(matchers or ""))) for name, matchers in _SERIES.findall(bare)]
