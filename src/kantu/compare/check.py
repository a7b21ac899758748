"""The hybrid: our answer, checked against the lines that a reader of printed lines has found (未核实 in tasks)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kantu.evaluation.items import Item
from kantu.solve.evidence import unverified_numbers, verified
from kantu.solve.fields import Node, nodes
from kantu.solve.locate import printed
from kantu.solve.reader import PrintedLine


def is_unverified(item: Item, answered: str, lines: Sequence[PrintedLine]) -> bool:
    """Whether an answer states something that nobody has read in the picture.

    As in tasks: of a record the texts are looked up that stand in a picture, of prose its numbers and quoted labels.
    What the question itself states is known.
    """
    record = _record(answered)
    if record is not None:
        return any(not verified(text, lines) for text in printed(item.task, record).values())
    return bool(unverified_numbers(answered, lines, (item.question,)))


def _record(answered: str) -> tuple[Node, ...] | None:
    """The values of an answer that is a JSON object or list; None where it is prose."""
    try:
        value = json.loads(answered)
    except (ValueError, RecursionError):
        return None
    return nodes(answered) if isinstance(value, dict | list) else None
