"""How answers in prose and boxes are compared with the truth. Spaces and full-width forms never matter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kantu.tasks.plain import plain
from kantu.tasks.truth import Truth

LEAST_OVERLAP = 0.5
_DIGITS = "零一二三四五六七八九"
_MEASURES = "个只条件张种位头匹辆朵行项封名人家颗架艘座棵枝元岁块份次天周年倍组类台把本杯碗盒瓶句段列排格页幅处"
_COUNTED = f"(?<![第{_DIGITS}十百两]){{}}(?=[{_MEASURES}])"
_DENIALS = ("没", "未", "看不", "找不到", "不显示", "无法", "不能", "不清")


def states(truth: Truth, answered: str) -> float:
    """The answer contains every value; without values it is the whole answer."""
    if not truth.values:
        return float(plain(truth.answer) == plain(answered))
    return float(all(_contains(plain(answered), plain(value)) for value in truth.values))


def _contains(answered: str, value: str) -> bool:
    """A number counts only whole, and as well in Chinese numerals before a measure word (三只 for 3)."""
    if not value.isdecimal():
        return value in answered
    if re.search(rf"(?<!\d){value}(?!\d)", answered):
        return True
    return any(re.search(_COUNTED.format(word), answered) for word in _numerals(int(value)))


def _numerals(number: int) -> tuple[str, ...]:
    """How a number below a hundred is said before a measure word."""
    if number > 99:
        return ()
    tens, ones = divmod(number, 10)
    told = ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones or not tens else "")
    return (told, "两") if number == 2 else (told,)


def denies(truth: Truth, answered: str) -> float:
    """The answer says that the picture does not show it: the rule of whatever is absent, in every task."""
    return float(any(denial in answered for denial in _DENIALS))


def overlaps(truth: Truth, answered: str) -> float:
    """The first box of the answer overlaps the true one by at least half (IoU)."""
    true, found = _first_box(truth.answer), _first_box(answered)
    if true is None or found is None:
        return 0.0
    return float(overlap(true, found) >= LEAST_OVERLAP)


def transcribes(truth: Truth, answered: str) -> float:
    """1 - character error rate, at least 0."""
    return similarity(truth.answer, answered)


def similarity(true: str, found: str) -> float:
    """1 - character error rate, at least 0; spaces do not count."""
    true, found = plain(true), plain(found)
    return max(0.0, 1.0 - edits(true, found) / max(len(true), 1))


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2)."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def edits(a: str, b: str) -> int:
    """Levenshtein distance."""
    previous = list(range(len(b) + 1))
    for row, left in enumerate(a, 1):
        current = [row]
        for column, right in enumerate(b, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (left != right)))
        previous = current
    return previous[-1]


def _first_box(text: str) -> tuple[float, ...] | None:
    match = re.search(r"\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]", text)
    return tuple(map(float, match.groups())) if match else None
