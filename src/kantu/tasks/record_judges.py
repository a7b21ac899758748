"""How typed answers are compared with the truth, which is a right answer of the same type as JSON.

A true record may lack fields about which people could differ: these count as right.

What does not parse scores 0. Prose fields count where they could do harm: by numbers that nobody can know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kantu.tasks import results
from kantu.tasks.checks.numbers import long_numbers
from kantu.tasks.judges import LEAST_OVERLAP, overlap, similarity
from kantu.tasks.plain import plain
from kantu.tasks.truth import Truth

R = TypeVar("R", bound=BaseModel)


def equal_fields(truth: Truth, answered: str) -> float:
    """The share of the true record's fields that the answer, a JSON object, has too."""
    expected: dict[str, Any] = json.loads(truth.answer)
    try:
        found = json.loads(answered)
    except ValueError:
        return 0.0
    if not isinstance(found, dict):
        return 0.0
    return _mean(key in found and same(found[key], value) for key, value in expected.items())


def order(truth: Truth, answered: str) -> float:
    """The share right of the five facts and of the reply: it keeps to the status and makes no number up."""
    true, found = _both(results.OrderResult, truth, answered)
    if found is None:
        return 0.0
    facts = ("status", "status_text", "order_number", "tracking_number", "amount")
    told = all(plain(value) in plain(found.reply) for value in truth.values)
    invented = long_numbers(found.reply) - long_numbers(truth.answer)
    return _mean([*(_agrees(true, found, fact) for fact in facts), told and not invented])


def match(truth: Truth, answered: str) -> float:
    """Nothing for a wrong verdict; half for the verdict, half for the phrase that conflicts."""
    true, found = _both(results.MatchResult, truth, answered)
    if found is None or found.verdict != true.verdict:
        return 0.0
    return _mean([True, _agrees(true, found, "conflict")])


def moderate(truth: Truth, answered: str) -> float:
    """Nothing for a wrong verdict; half for the verdict, a quarter each for the categories and the side."""
    true, found = _both(results.ModerateResult, truth, answered)
    if found is None or found.verdict != true.verdict:
        return 0.0
    categories = f1(set(true.categories), set(found.categories)) if "categories" in true.model_fields_set else 1.0
    return 0.5 + 0.25 * categories + 0.25 * _agrees(true, found, "side")


def problem(truth: Truth, answered: str) -> float:
    """Half for the transcription (1 - character error rate), half for the answer."""
    true, found = _both(results.ProblemResult, truth, answered)
    if found is None:
        return 0.0
    return _mean([similarity(true.transcription, found.transcription), same(found.answer, true.answer)])


def chart(truth: Truth, answered: str) -> float:
    """A fifth each for kind and title, the rest for the cells, each by the names of its row and column."""
    true, found = _both(results.ChartResult, truth, answered)
    if found is None:
        return 0.0
    cells = f1(_cells(true), _cells(found))
    return 0.2 * (found.kind == true.kind) + 0.2 * _agrees(true, found, "title") + 0.6 * cells


def lines(truth: Truth, answered: str) -> float:
    """Half for the text (1 - character error rate), half for the share of true lines found where they are."""
    true, found = _both(results.TextLines, truth, answered)
    if found is None:
        return 0.0
    read = similarity("".join(line.text for line in true.root), "".join(line.text for line in found.root))
    placed = _mean(any(stands_there(line.bbox_2d, other.bbox_2d) for other in found.root) for line in true.root)
    return _mean([read, placed])


def controls(truth: Truth, answered: str) -> float:
    """F1 of the controls: one is found where kind, label and state agree and the boxes overlap."""
    true, found = _both(results.Controls, truth, answered)
    if found is None:
        return 0.0
    left = list(found.root)
    right = 0
    for control in true.root:
        same = next((other for other in left if _agree(control, other) == 1.0 and _placed(control, other)), None)
        if same is not None:
            left.remove(same)
            right += 1
    return 2 * right / max(len(true.root) + len(found.root), 1)


def control(truth: Truth, answered: str) -> float:
    """The share right of kind, label and state."""
    true, found = _both(results.Control, truth, answered)
    return 0.0 if found is None else _agree(true, found)


def copy(truth: Truth, answered: str) -> float:
    """Half for facts that the picture prints (`values`), half for copy in which no number comes from elsewhere."""
    _, found = _both(results.CopyResult, truth, answered)
    if found is None or not found.facts:
        return 0.0
    printed = plain("\n".join(truth.values))
    said = "\n".join((found.title, found.body, *found.selling_points))
    invented = [number for number in re.findall(r"\d+(?:\.\d+)?", plain(said)) if number not in printed]
    return _mean([_mean(plain(fact) in printed for fact in found.facts), not invented])


def f1(true: set[Any], found: set[Any]) -> float:
    """Harmonic mean of precision and recall; 1 where nothing was to be found and nothing was."""
    return 2 * len(true & found) / (len(true) + len(found)) if true or found else 1.0


def _both(kind: type[R], truth: Truth, answered: str) -> tuple[R, R | None]:
    """The true result, as far as it is told, and the answered one, or None where it is not of its form."""
    told = json.loads(truth.answer)
    true = kind.model_construct(**told) if isinstance(told, dict) else kind.model_validate(told)
    try:
        return true, kind.model_validate_json(answered)
    except ValidationError:
        return true, None


def same(a: object, b: object) -> bool:
    """Texts in their plain form, everything else as it is."""
    return plain(a) == plain(b) if isinstance(a, str) and isinstance(b, str) else bool(a == b)


def _agrees(true: BaseModel, found: BaseModel, field: str) -> bool:
    """Whether a field is right, or the truth does not decide it."""
    return field not in true.model_fields_set or same(getattr(found, field), getattr(true, field))


def _cells(chart: results.ChartResult) -> set[tuple[str, str, str]]:
    return {
        (plain(row[0]), plain(name), plain(cell))
        for row in chart.rows
        for name, cell in zip(chart.header[1:], row[1:], strict=False)
    }


def stands_there(true: Sequence[float], found: Sequence[float]) -> bool:
    """The boxes overlap by at least half (IoU)."""
    return overlap(true, found) >= LEAST_OVERLAP


def _placed(true: results.Control, found: results.Control) -> bool:
    return stands_there(true.bbox_2d, found.bbox_2d)


def _agree(true: results.Control, found: results.Control) -> float:
    return _mean([found.kind == true.kind, same(found.label, true.label), found.state == true.state])


def _mean(scores: Iterable[float]) -> float:
    listed = [float(score) for score in scores]
    return sum(listed) / len(listed) if listed else 1.0
