"""Runs tasks on pictures with known truth, and judges every field."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, Unpack

from pydantic import BaseModel

from kantu.errors import KantuError
from kantu.evaluation.calibration.samples import Judged, Sample
from kantu.evaluation.items import Item
from kantu.evaluation.measure import is_of_the_question
from kantu.solve.calibration import Calibration, kind_of
from kantu.solve.result import TaskResult
from kantu.tasks.builtin import EXTRACT, LOCATE
from kantu.tasks.right_fields import right_fields
from kantu.tasks.task import Task
from kantu.vlm.tasks import Images, TaskOptions


class Runner(Protocol):
    """Whoever runs tasks: a loaded model."""

    def run(
        self, task: Task | str, images: Images, given: Mapping[str, str] | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[Any]: ...


def judge_all(runner: Runner, items: Sequence[Item], *, parallel: int = 1) -> Iterator[Judged]:
    """Run every item that is a task's, in order, with the model's own probabilities.

    What cannot be answered (its picture is refused, it is too long) is left out.

    Raises KantuError where the fault is not the question's.
    """
    with ThreadPoolExecutor(parallel) as pool:
        try:
            for judged in pool.map(lambda item: _judge(runner, item), items):
                if judged is not None:
                    yield judged
        finally:
            pool.shutdown(cancel_futures=True)


def given_of(item: Item) -> Mapping[str, str] | None:
    """The variables with which the item's task asks its question; None where no task asks it.

    Names to extract and things to locate are asked in many words; the task asks for them in its own.
    """
    if item.history:
        return None
    if not item.task.instruction:
        return {"question": item.question}
    told = re.fullmatch(_pattern(item.task), item.question, re.DOTALL)
    return told.groupdict() if told is not None else _wanted(item)


def judged(item: Item, result: TaskResult[Any]) -> Judged:
    """What of a result is right. A list or element with values in it is right where all of these are."""
    record = result.result
    answered = record.model_dump_json() if isinstance(record, BaseModel) else str(record)
    rights = right_fields(item.task, item.truth, answered)
    fields = []
    for path, found in result.fields.items():
        inside = [right for each, right in rights.items() if each == path or each.startswith((f"{path}.", f"{path}["))]
        if found.confidence is not None and inside:
            fields.append(Sample(path, kind_of(item.task.name, path), found.confidence, all(inside)))
    return Judged(
        key=item.key,
        task=item.task.name,
        picture=item.pictures[0].digest if item.pictures else item.key,
        origin=item.origin,
        fields=tuple(fields),
        right=all(rights.values()),
    )


def _judge(runner: Runner, item: Item) -> Judged | None:
    given = given_of(item)
    if given is None:
        return None
    pictures = [picture.source for picture in item.pictures]
    try:
        result = runner.run(item.task, pictures, given, evidence=False, force=True, calibration=Calibration())
    except KantuError as error:
        if not is_of_the_question(error):
            raise
        return None
    return judged(item, result)


def _wanted(item: Item) -> Mapping[str, str] | None:
    """What is to be extracted or located, by the truth."""
    try:
        true = json.loads(item.truth.answer)
        if item.task.name == EXTRACT.name:
            return {"keys": "、".join(true)}
        return {"target": str(true[0]["label"])} if item.task.name == LOCATE.name else None
    except (ValueError, LookupError, TypeError):  # the truth says in prose that there is nothing
        return None


def _pattern(task: Task) -> str:
    """What the task's prompts look like."""
    parts = string.Formatter().parse(task.instruction)
    return "".join(re.escape(words) + (f"(?P<{name}>.*)" if name else "") for words, name, _, _ in parts)
