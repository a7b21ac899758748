"""A user's own instruction: where its variables stand, and what it tells of the fields."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}\}")


def format_of(text: str) -> str:
    """The text as `str.format_map` takes it: `{{name}}` becomes `{name}`, every other brace stands for itself."""
    pieces = _PLACE.split(text)  # text, name, text, name, ..., text
    return "".join(f"{{{piece}}}" if at % 2 else escaped(piece) for at, piece in enumerate(pieces))


def escaped(text: str) -> str:
    """The text for `str.format_map`, all of its braces standing for themselves."""
    return text.replace("{", "{{").replace("}", "}}")


def stray_braces(text: str) -> str | None:
    """Double braces that open no variable, with what follows them; None where there are none."""
    found = next((piece for piece in _PLACE.split(text)[::2] if "{{" in piece), None)
    return None if found is None else found[found.index("{{") :].splitlines()[0][:20]


def notes(descriptions: Mapping[str, str], labels: Mapping[str, Mapping[str, str]]) -> str:
    """What fields are and what their values mean, a line each, to be told below the instruction.

    >>> print(notes({"单号": "条码下的数字"}, {"状态": {"已签收": "有签名", "退回": "盖了退回章"}}))
    <BLANKLINE>
    单号：条码下的数字
    状态：已签收（有签名）、退回（盖了退回章）
    """
    lines = []
    for field in dict.fromkeys([*descriptions, *labels]):
        told = descriptions.get(field, "")
        values = "、".join(f"{value}（{meaning}）" for value, meaning in labels.get(field, {}).items())
        lines.append(f"{field}：{'。'.join(part for part in (told.rstrip('。'), values) if part)}")
    return "".join(f"\n{line}" for line in lines)
