"""Tasks that were run, added up: what of their records is right, what their confidence is worth, what review costs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kantu.evaluation.reliability import Bin, Reliability, bins, equal_mass_edges, measure
from kantu.evaluation.results import Answer
from kantu.evaluation.tables import Share, VerdictRow, origins, share, verdicts
from kantu.evaluation.typed import judged_fields
from kantu.tasks.builtin import TASKS


@dataclass(frozen=True)
class Reviewed:
    """What review costs and saves: shares of all records that a person sees, and that are wrong and nobody sees.

    `wrong` is the share of wrong ones among those that nobody sees.
    """

    sent: float
    let_through: float
    wrong: float


@dataclass(frozen=True)
class TaskRow:
    """A task, or all of them where `task` is "", on pictures of one origin.

    Attributes:
        score: by the judge of the task.
        right: of single fields.
        whole: records of which everything is right, nothing missing.
        boxes: that overlap the true ones by half (IoU), where there are true ones.
        fields, records: how far the confidence of fields and of whole records can be believed.
        reviewed: None where nobody said what to review, as of a server.
        seconds: median, of all that the task asked.
    """

    task: str
    origin: str
    score: Share
    right: Share
    whole: Share
    boxes: Share
    fields: Reliability
    records: Reliability
    reviewed: Reviewed | None
    seconds: float


@dataclass(frozen=True)
class TaskVerdicts:
    """The verdicts of a task on pictures of one origin."""

    task: str
    origin: str
    rows: tuple[VerdictRow, ...]


def by_task(answers: Iterable[Answer]) -> list[TaskRow]:
    """All tasks, then each in the order of the built-in ones, on each origin; nothing where no task was run."""
    run = [answer for answer in answers if answer.rights is not None]
    return [_row(task, origin, group) for task, origin, group in _groups(run, ("", *TASKS))]


def verdicts_by_task(answers: Iterable[Answer]) -> list[TaskVerdicts]:
    """Of tasks that give one."""
    run = [answer for answer in answers if answer.rights is not None]
    told = [TaskVerdicts(task, origin, tuple(verdicts(group))) for task, origin, group in _groups(run, tuple(TASKS))]
    return [each for each in told if each.rows]


def sureness(answers: Iterable[Answer]) -> list[Bin]:
    """Fields of all tasks by their confidence, in bins that hold equally many."""
    told = [(sure, right) for answer in answers for _, sure, right in _fields(answer)]
    sure = [pair[0] for pair in told]
    return bins(sure, [float(pair[1]) for pair in told], equal_mass_edges(sure)) if told else []


def _groups(run: Sequence[Answer], tasks: Sequence[str]) -> Iterator[tuple[str, str, list[Answer]]]:
    for task in tasks:
        for origin in origins(run):
            group = [answer for answer in run if answer.origin == origin and task in ("", answer.task)]
            if group:
                yield task, origin, group


def _row(task: str, origin: str, group: Sequence[Answer]) -> TaskRow:
    fields = [(sure, right, answer.pictures[0]) for answer in group for _, sure, right in _fields(answer)]
    wholes = [
        (answer.told.confidence, answer.right, answer.pictures[0])
        for answer in group
        if answer.told is not None and answer.told.confidence is not None
    ]
    return TaskRow(
        task=task,
        origin=origin,
        score=share(group),
        right=_share(right for answer in group for right in (answer.rights or {}).values()),
        whole=_share(answer.right for answer in group),
        boxes=_share(placed for answer in group for placed in answer.placed.values()),
        fields=_reliability(fields),
        records=_reliability(wholes),
        reviewed=_reviewed(group),
        seconds=statistics.median([answer.total_seconds for answer in group if not answer.error] or [0.0]),
    )


def _fields(answer: Answer) -> Iterator[tuple[str, float, bool]]:
    if answer.told is not None and answer.rights is not None:
        yield from judged_fields(answer.rights, answer.told.fields)


def _reliability(told: Sequence[tuple[float, bool, str]]) -> Reliability:
    sure, right, pictures = zip(*told, strict=True) if told else ((), (), ())
    return measure(sure, right, pictures)


def _reviewed(group: Sequence[Answer]) -> Reviewed | None:
    told = [(answer.told.review, answer.right) for answer in group if answer.told is not None]
    if not told:
        return None
    passed = [right for review, right in told if not review]
    wrong = passed.count(False)
    return Reviewed(1 - len(passed) / len(told), wrong / len(told), wrong / len(passed) if passed else 0.0)


def _share(found: Iterable[bool]) -> Share:
    listed = [float(each) for each in found]
    return Share(statistics.fmean(listed) if listed else 0.0, len(listed))
