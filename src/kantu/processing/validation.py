"""Turns pydantic's errors about a request into ours: where the fault is, and what is allowed there.

The user's values are never quoted. Paths use the client's own names: ``messages.0.content.1.text``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from kantu.errors import KantuError, error, expected_by

Location = Sequence[str | int]

_REFUSED = "refused"
_MOST_ERRORS = 16  # the first fault's errors come first; a list of a hundred thousand items may have as many errors


def refused(failure: KantuError, *within: str | int) -> PydanticCustomError:
    """The exception by which a validator makes pydantic locate `failure`.

    Args:
        within: path from the validator's value to the fault.
    """
    return PydanticCustomError(_REFUSED, "refused", {"error": failure, "within": within})


def fault(errors: Sequence[Mapping[str, Any]], value: object, root: str = "") -> KantuError | None:
    """The first fault.

    Args:
        errors: pydantic's, not empty.
        value: the checked value.
        root: the name of `value` itself, if it has one.

    Returns:
        None if the fault is `value` itself without a name, or if no part of its path is an identifier or index.
    """
    found = [_Fault(_names(error, value, root), error) for error in errors[:_MOST_ERRORS]]
    first = found[0]
    for other in found[1:]:  # a union reports errors of all its branches; the deepest one was meant
        if len(other.names) > len(first.names) and other.names[: len(first.names)] == first.names:
            first = other
    same = [first, *(other for other in found if other.names == first.names and other is not first)]
    param = _joined(first.names)
    return None if param is None else _worded(param, same)


@dataclass(frozen=True, slots=True)
class _Fault:
    names: list[str]
    error: Mapping[str, Any]


def _names(error: Mapping[str, Any], value: object, root: str) -> list[str]:
    location = error["loc"]
    names = [*([root] if root else []), *(str(location[place]) for place in _path(location, value))]
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        names.append(str(location[-1]))
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        names.append(context["discriminator"].strip("'"))
    elif kind == _REFUSED:
        names += map(str, context["within"])
    return names


def _joined(names: Sequence[str]) -> str | None:
    return ".".join(name for name in names if name.isidentifier() or name.isdigit()) or None


def _worded(param: str, faults: Sequence[_Fault]) -> KantuError:
    for one in faults:
        if one.error["type"] == _REFUSED:
            failure: KantuError = one.error["ctx"]["error"]
            failure.param = param
            return failure
    kind = faults[0].error["type"]
    if kind == "extra_forbidden":
        return error("unknown_parameter", param=param)
    if kind in ("missing", "union_tag_not_found"):
        return error("missing_parameter", param=param)
    expected = expected_by([one.error for one in faults])
    if expected is None:
        return error("invalid_parameter", param=param)
    return error("invalid_parameter.expected", param=param, expected=expected)


def _path(location: Location, value: Any, first: int = 0) -> list[int]:
    """Which parts of a location, from `first` on, lead into `value`. Pydantic inserts the branches of its unions, which
    may have the same name as a field beside or below them. The longest path to the end is the right one."""
    if first == len(location):
        return []
    without = _path(location, value, first + 1)
    part = location[first]
    if not _has(value, part):
        return without
    through = [first, *_path(location, value[part], first + 1)]
    return max(without, through, key=lambda way: (len(way), way[-1:]))


def _has(value: object, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)
