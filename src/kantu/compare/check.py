"""The hybrid: our answer, checked against the lines that a reader of printed lines has found (未核实 in tasks)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from kantu.evaluation.items import Item
from kantu.solve.evidence import unverified_numbers, verified
from kantu.solve.reader import PrintedLine
from kantu.tasks.builtin import LOCATE


def is_unverified(item: Item, answered: str, lines: Sequence[PrintedLine]) -> bool:
    """Whether an answer states something that nobody has read in the picture.

    Of a record it is its texts that are looked up, of prose its numbers and quoted labels, as tasks do. What is a box
    cannot be looked up, and what the question itself states is known.
    """
    if item.task.name == LOCATE.name:
        return False
    record = _record(answered)
    if record is not None:
        return any(not verified(text, lines) for text in _texts(record))
    return any(part not in item.question for part in unverified_numbers(answered, lines))


def _record(answered: str) -> Any:
    """The JSON object or list of an answer; None where it is prose."""
    try:
        value = json.loads(answered)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in ("bbox_2d", "verdict", "categories", "side", "kind", "state"):  # named, not read
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str) and value:
        yield value
