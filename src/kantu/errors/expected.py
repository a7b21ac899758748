"""What pydantic expected where it found something else, in both languages. Values of the user's are never quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kantu.errors.raising import Words

_QUOTED = re.compile(r"'([^']*)'")

# (Chinese, English) by pydantic's type of error: what is allowed there.
_KINDS = {
    "bool": ("布尔值", "a boolean"),
    "dict": ("对象", "an object"),
    "finite_number": ("有限的数", "a finite number"),
    "float": ("数", "a number"),
    "int": ("整数", "an integer"),
    "list": ("列表", "a list"),
    "model": ("对象", "an object"),
    "none": ("null", "null"),
    "string": ("字符串", "a string"),
}
_TYPE = re.compile(rf"({'|'.join(_KINDS)})(?:_attributes)?(?:_type|_parsing|_from_float|_required)?")
_BOUNDS = {
    "greater_than_equal": ("不能小于 {ge}", "it must be at least {ge}"),
    "greater_than": ("必须大于 {gt}", "it must be over {gt}"),
    "less_than_equal": ("不能大于 {le}", "it must be at most {le}"),
    "less_than": ("必须小于 {lt}", "it must be below {lt}"),
    "too_short": ("至少要有 {min_length} 项", "it must have at least {min_length} items"),
    "too_long": ("最多 {max_length} 项", "it must have at most {max_length} items"),
    "string_too_short": ("至少要有 {min_length} 个字符", "it must have at least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字符", "it must have at most {max_length} characters"),
    "string_pattern_mismatch": ("必须匹配 {pattern}", "it must match {pattern}"),
}


def expected_by(errors: Sequence[Mapping[str, Any]]) -> Words | None:
    """What is allowed in the one place that all of pydantic's `errors` are about; None if they do not say."""
    for one in errors:
        kind, context = one["type"], one.get("ctx", {})
        if kind in _BOUNDS:
            chinese, english = _BOUNDS[kind]
            return Words(chinese.format(**context), english.format(**context))
        if kind in ("union_tag_invalid", "literal_error", "enum"):
            choices = context["expected_tags" if kind == "union_tag_invalid" else "expected"]
            values = _QUOTED.findall(choices) or [choices.lower()]  # Python's False is false in JSON
            return Words(f"只能是 {'、'.join(values)}", f"it must be {' or '.join(values)}")
    matches = [match for one in errors if (match := _TYPE.fullmatch(one["type"]))]
    kinds = list(dict.fromkeys(_KINDS[match[1]] for match in matches))
    if not kinds:
        return None
    return Words("应为" + "或".join(zh for zh, _ in kinds), "it must be " + " or ".join(en for _, en in kinds))
