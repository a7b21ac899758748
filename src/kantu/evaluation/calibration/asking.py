"""Runs tasks on pictures with known truth, and judges every field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, Unpack

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
    try:
        result = runner.run(item.task, pictures, given, evidence=False, force=True, calibration=Calibration())
    except KantuError as error:
        if not is_of_the_question(error):
            raise
        return None
    return judged(item, result)
