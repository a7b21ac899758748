"""A result line by line, each with all that is known of it, as it is told to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kantu.solve.leaves import leaves
from kantu.solve.result import Finding, TaskResult
from kantu.tasks.field_path import is_inside


def told_lines(result: TaskResult[Any]) -> Iterator[tuple[str, Any, Finding]]:
    """(path, value, what is known) of each line.

    What is known of a thing that has no line of its own, such as the box of a found button, is told with the first
    line of it; what is known of one text in a list, with the line of the list.
    """
    shown = leaves(result.to_dict()["result"])
    known: dict[str, list[Finding]] = {path: [] for path in shown}
    for path in sorted(result.fields, key=lambda path: path not in shown):  # a line's own first
        line = _line(path, shown)
        if line is not None:
            known[line].append(result.fields[path])
    for path, value in shown.items():
        yield path, value, _together(known[path])


def _line(path: str, shown: Iterable[str]) -> str | None:
    """The line that tells of the field with this path."""
    around = [line for line in shown if path == line or is_inside(path, line)]
    if around:
        return max(around, key=len)
    return next((line for line in shown if not path or is_inside(line, path)), None)


def _together(findings: list[Finding]) -> Finding:
    looked_for = [each.verified for each in findings if each.verified is not None]
    return Finding(
        confidence=next((each.confidence for each in findings if each.confidence is not None), None),
        boxes=tuple(dict.fromkeys(box for each in findings for box in each.boxes)),
        verified=all(looked_for) if looked_for else None,
        problems=tuple(dict.fromkeys(problem for each in findings for problem in each.problems)),
    )
