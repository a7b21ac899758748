"""Runs tasks on pictures with known truth, and judges every field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Unpack

from kantu.concurrency import in_parallel, patiently
from kantu.errors import KantuError
from kantu.evaluation.calibration.samples import Judged, Sample
from kantu.evaluation.items import Item
from kantu.evaluation.measure import is_of_the_question
from kantu.evaluation.typed import confidences, given_of, judged_fields
from kantu.solve.calibration import Calibration, kind_of
from kantu.solve.result import TaskResult
from kantu.tasks.results import as_text
from kantu.tasks.right_fields import right_fields
from kantu.tasks.task import Task
from kantu.vlm.tasks import Images, TaskOptions


class Runner(Protocol):
    """Whoever runs tasks: a loaded model."""

    def run(
        self, task: Task | str, images: Images, given: Mapping[str, str] | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[Any]: ...


def judge_all(runner: Runner, items: Sequence[Item], *, parallel: int = 1) -> Iterator[Judged]:
    """Run every item that is a task's with the model's own probabilities, in the order in which the results come.

    What cannot be answered (its picture is refused, it is too long) is left out.

    Raises KantuError where the fault is not the question's.
    """
    for _, judged in in_parallel(lambda item: _judge(runner, item), items, parallel):
        if judged is not None:
            yield judged


def judged(item: Item, result: TaskResult[Any]) -> Judged:
    """What of a result is right."""
    rights = right_fields(item.task, item.truth, as_text(result.result))
    fields = tuple(
        Sample(path, kind_of(item.task.name, path), confidence, right)
        for path, confidence, right in judged_fields(rights, confidences(result))
    )
    return Judged(
        key=item.key,
        task=item.task.name,
        picture=item.pictures[0].digest if item.pictures else item.key,
        origin=item.origin,
        fields=fields,
        right=all(rights.values()),
    )


def _judge(runner: Runner, item: Item) -> Judged | None:
    given = given_of(item)
    if given is None:
        return None
    pictures = [picture.source for picture in item.pictures]
    own = Calibration()
    try:
        result = patiently(lambda: runner.run(item.task, pictures, given, evidence=False, force=True, calibration=own))
    except KantuError as error:
        if not is_of_the_question(error):
            raise
        return None
    return judged(item, result)
