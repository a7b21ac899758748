"""How answers are judged whose truth is somebody else's: written for people, without the values that must be in it."""

from __future__ import annotations

import json
import re
import unicodedata

from kantu.tasks import judges
from kantu.tasks.builtin import EXTRACT, LOCATE
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth

_SHORT = 40  # characters of a truth that a right answer can contain word for word
_UNITS = (
    "元|块钱|块|人民币|件|个|只|张|条|次|人|份|台|天|小时|分钟|秒|岁|%|"
    "公斤|千克|克|斤|kg|g|厘米|毫米|米|cm|mm|m|毫升|升|ml|l"
)
_LETTER = re.compile(r"(?<![A-Za-z])([A-J])(?![A-Za-z])")


def normalised(text: str) -> str:
    """Without what does not count: width, case, spaces, currency, units of numbers, commas in numbers, a last stop."""
    flat = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold().strip("。.!,;:“”\"'")
    flat = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", flat)
    flat = re.sub(r"[¥$€£](?=\d)", "", flat)
    return re.sub(rf"(?<=\d)(?:{_UNITS})(?![a-z])", "", flat)


def same(truth: Truth, answered: str) -> float:
    """A short truth: whether the answer is it or contains it whole. A long one: 1 - character error rate."""
    true, found = normalised(truth.answer), normalised(answered)
    if len(true) > _SHORT:
        return judges.transcribes(truth, answered)
    inside = re.escape(true)
    inside = rf"(?<![\d.]){inside}" if true[:1].isdigit() else inside
    inside = rf"{inside}(?!\d|\.\d)" if true[-1:].isdigit() else inside
    return float(true == found or re.search(inside, found) is not None)


def picks(truth: Truth, answered: str) -> float:
    """The first letter that stands alone is the right one; without one, the text of the right option alone is there.

    `truth.values` are the texts of the options, the right one first.
    """
    letter = _LETTER.search(unicodedata.normalize("NFKC", answered))
    if letter:
        return float(letter[1] == truth.answer)
    flat = normalised(answered)
    right, *others = (normalised(option) for option in truth.values)
    return float(right in flat and not any(other in flat for other in others if other not in right))


FREE = Task("free", "自由回答", same)
CHOICE = Task("multiple_choice", "选择题", picks)


def judge_of(answer: str) -> Task:
    """By whose judge an answer of unknown origin is compared: a JSON object by its fields, boxes as boxes."""
    try:
        value = json.loads(answer)
    except ValueError:
        return FREE
    if isinstance(value, dict):
        return EXTRACT
    is_boxes = isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "bbox_2d" in v for v in value)
    return LOCATE if is_boxes else FREE
