"""The check of each task that comes with Kantu: what its result says against itself, its form, or what was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from pydantic import BaseModel

from kantu.tasks import results
from kantu.tasks.checks import word_list
from kantu.tasks.checks.across import contradictions, leaves
from kantu.tasks.checks.arithmetic import disagreement
from kantu.tasks.checks.claims import other_claims
from kantu.tasks.checks.forms import FORMS
from kantu.tasks.checks.labels import flaw
from kantu.tasks.checks.numbers import invented, unsupported_by_facts, unsupported_by_table
from kantu.tasks.judges import overlap
from kantu.tasks.plain import plain
from kantu.tasks.problem import Problem

Given = Mapping[str, str]
"""What was given for the instruction's variables."""

_ORDER_FORMS = {"order_number": "order_number", "tracking_number": "tracking_number", "amount": "amount"}
_ORDER_PROSE = ("happening", "advice", "reply")
_SAME_CONTROL = 0.8  # overlap of two boxes that are one control


def order(result: results.OrderResult, given: Given) -> Iterator[Problem]:
    """Numbers have their form; prose invents no number and claims no other status."""
    for field, form in _ORDER_FORMS.items():
        value = getattr(result, field)
        problem = FORMS[form](value) if value else None
        if problem:
            yield replace(problem, field=field)
    known = [result.order_number or "", result.tracking_number or "", result.amount or "", result.status_text or ""]
    for field in _ORDER_PROSE:
        for number in invented(getattr(result, field), [*known, *given.values()]):
            yield Problem("number_invented", f"“{number}”不在识别出的单号、金额和状态里。", field)
    printed = result.status_text or ""
    if result.status is not None:
        for claim in other_claims(printed, result.status):
            yield Problem("status_differs", f"页面写着“{claim}”，状态却判为“{result.status}”。", "status")
    for field in ("happening", "reply"):
        for claim in other_claims(getattr(result, field), result.status, printed):
            shown = f"状态是“{result.status}”" if result.status else "图中没有读到状态"
            yield Problem("status_claimed", f"说“{claim}”，但{shown}。", field)


def match(result: results.MatchResult, given: Given) -> Iterator[Problem]:
    """A phrase conflicts exactly where the verdict says so, and it stands in the given text."""
    conflicts = result.verdict is results.MatchVerdict.CONFLICTS
    if result.conflict and not conflicts:
        yield Problem(
            "verdict_differs", f"结论是“{result.verdict}”，却给出了矛盾的词句“{result.conflict}”。", "verdict"
        )
    if conflicts and not result.conflict:
        yield Problem("conflict_missing", "结论是“不一致”，却没有指出矛盾的词句。", "conflict")
    if result.conflict and plain(result.conflict) not in plain(given.get("text", "")):
        yield Problem("conflict_not_given", f"“{result.conflict}”不在给出的文字里。", "conflict")


def moderate(
    result: results.ModerateResult, given: Given, words: word_list.WordList | None = None
) -> Iterator[Problem]:
    """The verdict agrees with its own parts and with the list of words; evidence from the text stands in it.

    Args:
        words: a user's own; None takes the list that comes with Kantu.
    """
    text = given.get("text", "")
    fine = result.verdict is results.ModerateVerdict.FINE
    hits = (words or word_list.builtin(word_list.MODERATION)).find(text)
    if fine and hits:
        listed = "、".join(f"“{hit.word}”（{hit.category}）" for hit in hits)
        yield Problem("word_listed", f"结论是“合规”，但文字里有词表中的词：{listed}。", "verdict")
    if fine != (result.side is None):
        side = f"却说问题在{result.side}" if result.side else "却没有说问题在哪一边"
        yield Problem("side_differs", f"结论是“{result.verdict}”，{side}。", "side")
    if fine and result.categories:
        listed = "、".join(result.categories)
        yield Problem("categories_differ", f"结论是“合规”，却列出了违规类别：{listed}。", "categories")
    if result.verdict is results.ModerateVerdict.VIOLATES and not result.categories:
        yield Problem("categories_missing", "结论是“违规”，却没有列出类别。", "categories")
    for index, evidence in enumerate(result.evidence):
        if result.side is results.Side.TEXT and plain(evidence) not in plain(text):
            yield Problem("evidence_not_given", f"依据“{evidence}”不在给出的文字里。", f"evidence[{index}]")


def problem(result: results.ProblemResult, given: Given) -> Iterator[Problem]:
    """The answer is what the transcribed formula comes to."""
    told = disagreement(result)
    if told:
        yield Problem("answer_differs", told, "answer")


def chart(result: results.ChartResult, given: Given) -> Iterator[Problem]:
    """Rows are as long as the header; the conclusion's numbers follow from the table."""
    for index, row in enumerate(result.rows):
        if len(row) != len(result.header):
            message = f"第 {index + 1} 行有 {len(row)} 格，表头有 {len(result.header)} 格。"
            yield Problem("row_ragged", message, f"rows[{index}]")
    for number in unsupported_by_table(result):
        yield Problem("number_unsupported", f"结论里的“{number}”不在表中，也不能由表中的数得出。", "conclusion")


def copy(result: results.CopyResult, given: Given) -> Iterator[Problem]:
    """Numbers come from the printed facts; no word that the advertising law forbids."""
    points = {f"selling_points[{index}]": point for index, point in enumerate(result.selling_points)}
    for field, said in {"title": result.title, **points, "body": result.body}.items():
        for number in unsupported_by_facts(said, result.facts):
            yield Problem("number_unsupported", f"“{number}”不在依据的图中文字里。", field)
        for hit in word_list.builtin(word_list.ABSOLUTE).find(said):
            yield Problem("absolute_word", f"“{hit.word}”是广告法不许使用的绝对化用语。", field)


def extract(result: BaseModel | dict[str, Any], given: Given) -> Iterator[Problem]:
    """Values have the form that their label promises, and add up."""
    record = result.model_dump(mode="json") if isinstance(result, BaseModel) else result
    for leaf in leaves(record):
        found = flaw(leaf.label, leaf.text)
        if found:
            yield replace(found, field=leaf.path)
    yield from contradictions(record)


def controls(result: results.Controls, given: Given) -> Iterator[Problem]:
    """Boxes have an area, and no control is told twice."""
    yield from _boxes([control.bbox_2d for control in result.root])
    for (first, one), (second, other) in combinations(enumerate(result.root), 2):
        same = (one.kind, plain(one.label)) == (other.kind, plain(other.label))
        if same and overlap(one.bbox_2d, other.bbox_2d) >= _SAME_CONTROL:
            message = f"第 {second + 1} 个控件与第 {first + 1} 个是同一个：{other.kind}“{other.label}”。"
            yield Problem("control_repeated", message, f"[{second}]")


def control(result: results.Control, given: Given) -> Iterator[Problem]:
    """Its box has an area and holds the point that was asked about."""
    if _is_empty(result.bbox_2d):
        yield _empty(result.bbox_2d, "bbox_2d")
        return
    x, y = (_number(given.get(name, "")) for name in "xy")
    x1, y1, x2, y2 = result.bbox_2d
    if x is not None and y is not None and not (x1 <= x <= x2 and y1 <= y <= y2):
        yield Problem("point_outside", f"所问的点 [{given['x']}, {given['y']}] 不在这个控件的框里。", "bbox_2d")


def text_lines(result: results.TextLines, given: Given) -> Iterator[Problem]:
    """Boxes have an area."""
    yield from _boxes([line.bbox_2d for line in result.root])


def boxes(result: results.Boxes, given: Given) -> Iterator[Problem]:
    """Boxes have an area."""
    yield from _boxes([found.bbox_2d for found in result.root])


def _boxes(listed: Sequence[results.BoundingBox]) -> Iterator[Problem]:
    for index, box in enumerate(listed):
        if _is_empty(box):
            yield _empty(box, f"[{index}].bbox_2d")


def _is_empty(box: results.BoundingBox) -> bool:
    return box[0] >= box[2] or box[1] >= box[3]


def _empty(box: results.BoundingBox, field: str) -> Problem:
    return Problem("box_empty", f"框 {list(box)} 没有面积。", field)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
