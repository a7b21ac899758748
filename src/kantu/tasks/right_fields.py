"""Which fields of an answered record are right, by the rules of the judges: what confidence is measured against."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from kantu.tasks import builtin
from kantu.tasks.field_path import is_inside
from kantu.tasks.plain import plain
from kantu.tasks.record_judges import same, stands_there
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth

_BOX = "bbox_2d"
_SENTENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        builtin.ORDER.name: ("happening", "advice", "reply"),
        builtin.MATCH.name: ("reasons",),
        builtin.MODERATE.name: ("evidence",),
        builtin.PROBLEM.name: ("steps",),
        builtin.CHART.name: ("conclusion",),
        builtin.COPY.name: ("title", "selling_points", "body"),
        builtin.LOCATE.name: ("[].label",),
    }
)

Rule = Callable[[Any, Any, Truth], dict[str, bool]]
"""true record, answered record, truth -> the fields, by path, and whether they are right."""


def right_fields(task: Task, truth: Truth, answered: str) -> Mapping[str, bool]:
    """By path ("amount", "rows[2][1]", "" for prose), whether the answered field is right.

    A box is one field. Fields that no truth decides are left out, as are those that the true record does not name.
    What the truth has and the answer lacks stands as one more element, which is wrong: the record is right where all
    of this is. What is not of the task's form, or says something forbidden, has "" wrong.
    """
    if task.result is None:
        return {"": task.score(truth, answered) == 1.0}
    parsed = task.parse(answered)
    if parsed is None or isinstance(parsed, str):
        return {"": False}
    found = parsed.model_dump(mode="json") if isinstance(parsed, BaseModel) else parsed
    true = _record(truth)
    if type(true) is type(found):
        fields = _RULES.get(task.name, _by_leaf)(true, found, truth)
    else:  # the picture shows nothing of the kind, which the truth says in prose
        fields = dict.fromkeys((path for path, _ in _leaves(found)), False)
    fields = {path: right for path, right in fields.items() if is_decided(task.name, path)}
    return {**fields, "": False} if truth.fooled(answered) else fields


def is_decided(task: str, path: str) -> bool:
    """Whether a truth can tell this field right or wrong: a sentence may be worded in many ways."""
    place = any_place(path)
    return not any(place == said or is_inside(place, said) for said in _SENTENCES.get(task, ()))


def any_place(path: str) -> str:
    """The path without places in lists: what is alike about "rows[0][1]" and "rows[7][2]"."""
    return re.sub(r"\[\d+\]", "[]", path)


def _by_leaf(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
    """Each value against the one in the same place."""
    expected, answered = dict(_leaves(true)), dict(_leaves(found))
    named = (path for path in answered if not isinstance(true, dict) or re.split(r"[.\[]", path)[0] in true)
    fields = {path: path in expected and same(answered[path], expected[path]) for path in named}
    return fields | dict.fromkeys(expected.keys() - answered.keys(), False)


def _extract(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
    """As each value, but names may have dots in them: they are the user's."""
    fields: dict[str, bool] = {}
    for key, value in true.items():
        if key not in found:
            fields[key] = False
        elif isinstance(value, dict | list) and type(value) is type(found[key]):
            inner = _by_leaf(value, found[key], truth)
            fields |= {f"{key}{path}" if path.startswith("[") else f"{key}.{path}": r for path, r in inner.items()}
        else:
            fields |= {path: same(found[key], value) for path, _ in _leaves(found[key], key)}
    return fields


def _moderate(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
    """Categories in any order."""
    if "categories" not in true:
        return _by_leaf(true, found, truth)
    fields = _by_leaf({**true, "categories": []}, {**found, "categories": []}, truth)
    return fields | _members("categories", true["categories"], found["categories"])


def _chart(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
    """Cells by the names of their row and column."""
    fields = _by_leaf({**true, "header": [], "rows": []}, {**found, "header": [], "rows": []}, truth)
    fields |= _members("header", true["header"], found["header"])
    names = {plain(row[0]) for row in true["rows"] if row}
    fields |= {f"rows[{i}][0]": plain(row[0]) in names for i, row in enumerate(found["rows"]) if row}
    expected, answered = _cells(true), _cells(found)
    fields |= {path: cell in expected.values() for path, cell in answered.items()}
    lost = set(expected.values()) - set(answered.values())
    return fields | ({f"rows[{len(found['rows'])}]": False} if lost else {})


def _copy(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
    """Facts that the picture prints."""
    printed = plain("\n".join(truth.values))
    return {f"facts[{place}]": plain(fact) in printed for place, fact in enumerate(found["facts"])}


def _things(*fits: Callable[[Any, Any], bool]) -> Rule:
    """Elements in any order: each against the true one that it fits, by the first of these that finds one."""

    def rule(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
        pairs, left = _paired(true, found, fits)
        fields = {}
        for place, thing in enumerate(found):
            other = pairs.get(place)
            for name, value in thing.items():
                equal = stands_there if name == _BOX else same
                fields[f"[{place}].{name}"] = other is not None and equal(other[name], value)
        return fields | {f"[{len(found) + k}]": False for k in range(left)}

    return rule


def _paired(
    true: Sequence[Any], found: Sequence[Any], fits: Sequence[Callable[[Any, Any], bool]]
) -> tuple[dict[int, Any], int]:
    """For the place of each found thing its true one, if it has one; and how many true ones nothing stands for."""
    left, pairs = list(true), dict[int, Any]()
    for fit in fits:
        for place, thing in enumerate(found):
            other = None if place in pairs else next((each for each in left if fit(each, thing)), None)
            if other is not None:
                left.remove(other)
                pairs[place] = other
    return pairs, len(left)


def _members(path: str, true: Sequence[str], found: Sequence[str]) -> dict[str, bool]:
    """A list whose order does not matter."""
    wanted, given = {plain(each) for each in true}, {plain(each) for each in found}
    fields = {f"{path}[{i}]": plain(each) in wanted for i, each in enumerate(found)}
    return fields | {f"{path}[{len(found) + i}]": False for i in range(len(wanted - given))}


def _cells(chart: Any) -> dict[str, tuple[str, str, str]]:
    """By path: the names of row and column, and what stands there."""
    header = chart["header"]
    return {
        f"rows[{place}][{column}]": (plain(row[0]), plain(header[column]) if column < len(header) else "", plain(cell))
        for place, row in enumerate(chart["rows"])
        for column, cell in enumerate(row)
        if column
    }


def _same_all(*names: str) -> Callable[[Any, Any], bool]:
    return lambda true, found: all(same(true[name], found[name]) for name in names)


def _placed(true: Any, found: Any) -> bool:
    return stands_there(true[_BOX], found[_BOX])


def _both(*fits: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda true, found: all(fit(true, found) for fit in fits)


def _control(true: Any, found: Any, truth: Truth) -> dict[str, bool]:
    fields = _things(lambda *_: True)([true], [found], truth)
    return {path.removeprefix("[0]."): right for path, right in fields.items()}


def _record(truth: Truth) -> Any:
    try:
        return json.loads(truth.answer)
    except ValueError:
        return None


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything that is no list or object; a box is one value."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and path.rpartition(".")[2] != _BOX:
        for place, each in enumerate(value):
            yield from _leaves(each, f"{path}[{place}]")
    else:
        yield path, value


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        builtin.EXTRACT.name: _extract,
        builtin.MODERATE.name: _moderate,
        builtin.CHART.name: _chart,
        builtin.COPY.name: _copy,
        builtin.LOCATE.name: _things(_placed),
        builtin.READ_BOXES.name: _things(_both(_same_all("text"), _placed), _same_all("text"), _placed),
        builtin.UI.name: _things(
            _both(_same_all("kind", "label", "state"), _placed), _placed, _same_all("label"), _same_all("kind")
        ),
        builtin.UI_POINT.name: _control,
    }
)
