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
_LETTERS = "ABCDEFGHIJ"
_ENGLISH_WORD = re.compile(r"[AI](?:['’]|\s+[a-z])")  # A red car, I think
_NOT = "不没未非无"


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
    return float(_says(found, true))


def picks(truth: Truth, answered: str) -> float:
    """The letter that was chosen is the right one; without one, the text of the right option alone is there.

    `truth.values` are the texts of the options, the right one first.
    """
    last = max(_LETTERS[len(truth.values) - 1], truth.answer)  # letters can be left out: A, B, D
    letter = _letter(answered, last)
    if letter:
        return float(letter == truth.answer)
    flat = normalised(answered)
    right, *others = (normalised(option) for option in truth.values)
    return float(_says(flat, right) and not any(other in flat for other in others if other not in right))


def _says(found: str, true: str) -> bool:
    """Whether a text is the true one or contains it whole: a number is no part of another, and 不是 does not say 是."""
    if not true:  # it stands in everything
        return not found
    inside = re.escape(true)
    inside = inside if true[0] in _NOT else rf"(?<![{_NOT}]){inside}"
    inside = rf"(?<![\d.]){inside}" if true[0].isdigit() else inside
    inside = rf"{inside}(?!\d|\.\d)" if true[-1].isdigit() else inside
    return re.search(inside, found) is not None


def _letter(answered: str, last: str) -> str:
    """The letter of the chosen option, A to `last`; "" where none stands alone.

    Of several the one with which the answer begins as a list does (B. Because A is red), otherwise the last. What may
    be a word of an English sentence counts only where there is nothing else.
    """
    text = unicodedata.normalize("NFKC", answered)
    alone = list(re.finditer(rf"(?<![A-Za-z])[A-{last}](?![A-Za-z])", text))
    chosen = [each for each in alone if not _ENGLISH_WORD.match(text, each.start())] or alone
    if not chosen:
        return ""
    begins = re.match(rf"\W*{chosen[0][0]}(?!\w)", text)
    return chosen[0 if begins else -1][0]


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
