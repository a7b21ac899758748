"""Questions that are run as tasks: what is given for the task's instruction, and what is judged of the result."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kantu.errors import InvalidRequestError
from kantu.evaluation.items import Box, Item, Picture
from kantu.evaluation.results import Told
from kantu.processing.guard import guard
from kantu.solve.result import PictureBox, TaskResult
from kantu.tasks.builtin import EXTRACT, LOCATE
from kantu.tasks.extract import extract_task
from kantu.tasks.field_path import is_inside
from kantu.tasks.plain import plain
from kantu.tasks.record_judges import stands_there

_HELD = re.compile(r"\[\d+\]|(?:.*\.)?bbox_2d")
_WHOLE = 1000


def given_of(item: Item) -> Mapping[str, str] | None:
    """The variables with which the item's task asks its question; None where no task asks it.

    Names to extract and things to locate are asked in many words; the task asks for them in its own.
    """
    if item.given is not None or item.history:
        return item.given
    told = item.task.given_in(item.question)
    return told if told is not None else _wanted(item)


def as_run(item: Item) -> Item | None:
    """The item as the product asks it: its task's instruction word for word, and the schema of the wanted fields.

    None where the answer is prose, where no task asks it, and where fields are wanted that are no texts: a caller would
    give a schema of their own for those.
    """
    given = given_of(item)
    if given is None or item.task.result is None or item.truth.absent:
        return None
    task = item.task
    if task.name == EXTRACT.name:
        record = json.loads(item.truth.answer)
        if not all(value is None or isinstance(value, str) for value in record.values()):
            return None
        try:
            task, given = extract_task(list(record))
        except InvalidRequestError:  # a key that no list of keys can have
            return None
    return replace(item, task=task, kind="task", question=task.instruct(**given), given=given)


def judged_fields(rights: Mapping[str, bool], sure: Mapping[str, float]) -> Iterator[tuple[str, float, bool]]:
    """(path, how sure, whether right) of each field that the truth decides.

    A list or element with values in it is right where all of these are. What is judged itself has none in it, even
    where extracted names look like it: "No.1" is not inside "No".
    """
    for path, confidence in sure.items():
        inside = [right for each, right in rights.items() if is_inside(each, path)]
        if path in rights:
            yield path, confidence, rights[path]
        elif inside:
            yield path, confidence, all(inside)


def confidences(result: TaskResult[Any]) -> dict[str, float]:
    """Of each field that has one, by path."""
    return {path: found.confidence for path, found in result.fields.items() if found.confidence is not None}


def told_by(result: TaskResult[Any], pictures: Sequence[Picture]) -> Told:
    """What a result says beside its record."""
    size = guard(pictures[0].read()).upright
    boxes = {
        path: tuple(_in_thousandths(box, size) for box in found.boxes if box.picture == 0)
        for path, found in result.fields.items()
    }
    return Told(
        confidence=result.confidence,
        fields=confidences(result),
        boxes={path: found for path, found in boxes.items() if found},
        review=result.review.needed,
    )


def placed(item: Item, answered: str, rights: Mapping[str, bool], told: Told | None) -> dict[str, bool]:
    """Whether boxes overlap the true ones by at least half (IoU), where there are true ones.

    Boxes that the record holds are among its fields; a thing that is missing has none. Of the others, those of right
    values are judged, against all places where the value stands.
    """
    found = {path: right for path, right in rights.items() if _HELD.fullmatch(path)}
    places = {plain(value): boxes for value, boxes in item.places.items()}
    for path, value in _values(answered):
        true = places.get(plain(value)) if told is not None and rights.get(path) else None
        if told is not None and true:
            found[path] = any(stands_there(one, box) for one in true for box in told.boxes.get(path, ()))
    return found


def _values(answered: str) -> Iterator[tuple[str, str]]:
    """Texts of a JSON object, by path."""
    try:
        record = json.loads(answered)
    except ValueError:
        return
    for key, value in record.items() if isinstance(record, dict) else ():
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, list):
            yield from ((f"{key}[{at}]", each) for at, each in enumerate(value) if isinstance(each, str))


def _in_thousandths(box: PictureBox, size: tuple[int, int]) -> Box:
    width, height = size
    return (
        _WHOLE * box.x1 / width,
        _WHOLE * box.y1 / height,
        _WHOLE * box.x2 / width,
        _WHOLE * box.y2 / height,
    )


def _wanted(item: Item) -> Mapping[str, str] | None:
    """What is to be extracted or located, by the truth."""
    try:
        true = json.loads(item.truth.answer)
        if item.task.name == EXTRACT.name:
            return {"keys": "、".join(true)}
        return {"target": str(true[0]["label"])} if item.task.name == LOCATE.name else None
    except (ValueError, LookupError, TypeError):  # the truth says in prose that there is nothing
        return None
