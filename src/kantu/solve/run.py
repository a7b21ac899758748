"""Runs one task: instruct, constrain, parse, calibrate, find evidence, check.

It is a generator and does no input or output itself: it yields what it wants to ask (all asks of one step may run
together), is sent the replies in the same order, and returns the result.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kantu.aigc import ContentLabel
from kantu.engine.request import FinishReason, Usage
from kantu.errors import error
from kantu.processing.image import CleanImage
from kantu.solve import boxes
from kantu.solve.answer import Draft, answer, most_answer_tokens
from kantu.solve.asks import Ask, ReadLines, Reply
from kantu.solve.calibration import Calibration, kind_of
from kantu.solve.instructions import instructed, instructed_by
from kantu.solve.labels import name_of
from kantu.solve.locate import BOX_TOKENS, MOST_BOXES, Found, locate, printed
from kantu.solve.looked import framed, looked
from kantu.solve.reader import PrintedLine
from kantu.solve.result import (
    Finding,
    Notice,
    PictureBox,
    Review,
    Suggestion,
    TaskResult,
    TaskTimings,
    TaskUsage,
    TaskVersion,
)
from kantu.solve.verify import in_original, unverified, verify, wrong_lengths
from kantu.tasks.problem import Problem
from kantu.tasks.right_fields import is_decided
from kantu.tasks.task import Task
from kantu.tasks.vague import vague

_CUT: Mapping[FinishReason, Notice] = {
    "length": Notice(code="answer_cut", message="回答到了长度上限，后面的内容没有写出来。"),
    "repetition": Notice(code="answer_repeats", message="回答不停地重复，已提前结束，后面的内容没有写出来。"),
}

Steps = Generator[tuple[Ask, ...], tuple[Reply, ...], TaskResult[Any]]


@dataclass(frozen=True)
class Wish:
    """How a task is to be run.

    Attributes:
        evidence: whether boxes are looked for that the record does not hold itself.
        force: whether a question that points at nothing is asked all the same.
        read_lines: whether a reader of printed lines is at hand.
    """

    evidence: bool = True
    force: bool = False
    read_lines: bool = False


def version_of(task: Task, calibration: Calibration) -> TaskVersion:
    """Equal for equal instruction, schema and calibration."""
    told = json.dumps([task.instruction, task.schema(), calibration.digest], ensure_ascii=False, sort_keys=True)
    return TaskVersion(name=task.name, title=task.title, version=hashlib.sha256(told.encode()).hexdigest()[:12])


def most_output_tokens(task: Task, pictures: int, wish: Wish) -> int:
    """What all that a task asks can have at most, forced tokens included."""
    boxes_asked = MOST_BOXES * pictures if wish.evidence and task.printed else 0
    return most_answer_tokens(task) + boxes_asked * BOX_TOKENS


def solve(
    task: Task,
    given: Mapping[str, str],
    pictures: Sequence[CleanImage],
    *,
    model: str,
    calibration: Calibration,
    wish: Wish,
    warnings: Sequence[Notice] = (),
    read_seconds: float = 0.0,
    label: ContentLabel | None = None,
) -> Steps:
    """Run a task on pictures that have been read.

    Args:
        given: the variables of the task's instruction.
        model: its name, for the result.
        warnings: what is known about the pictures already.
        read_seconds: what reading the pictures took, for the result.
        label: of the result, where the model writes one.

    Raises:
        InvalidRequestError: `task_variables`: `given` is not what the instruction has places for; `task_needs_picture`.
        UpstreamError: `task_answer_invalid`: the answer is not of the task's form.
    """
    started = time.perf_counter()
    prompt = task.instruct(**given)
    if task.needs_picture and not pictures:
        raise error("task_needs_picture", task=task.in_words)
    if task.is_question and not wish.force and (better := vague(prompt)) is not None:
        return _suggesting(task, better, warnings, model, calibration, read_seconds)
    draft = yield from answer(task, prompt)
    if task.framed and draft.looks and pictures:
        draft = framed(draft, pictures[0], task)
    record = task.parse(draft.text)
    if record is None:
        raise error("task_answer_invalid")
    answered = time.perf_counter()
    values = printed(task, draft.nodes)
    found = Found({})
    if wish.evidence and draft.looks:
        found = Found(looked(values, draft.looks, pictures))
    elif wish.evidence:
        found = yield from locate(values, pictures)
    places = found.boxes
    seen: Mapping[str, bool] = {}
    problems = [problem for check in task.checks for problem in check(record, given)]
    if not task.is_question:  # a question is the caller's own
        problems += instructed_by(given)
    if wish.read_lines and pictures:
        read = yield tuple(ReadLines(number) for number in range(len(pictures)))
        lines = [in_original(_lines(each), image) for each, image in zip(read, pictures, strict=True)]
        checked = verify(values, places, lines)
        places, seen = checked.boxes, checked.found
        prose = record if task.is_question else None
        problems += unverified(values, seen, prose, given, lines)
        problems += instructed(lines)
    problems += wrong_lengths(values, places, pictures)
    ended = time.perf_counter()

    findings = _findings(task, draft, {**_held(draft, pictures), **places}, seen, problems, calibration)
    confidence = _whole(task, draft, findings, calibration)
    notices = [*warnings, *_notices(problems, findings, draft)]
    return TaskResult[Any](
        task=version_of(task, calibration),
        result=record,
        confidence=confidence,
        calibrated=calibration.calibrated,
        fields=findings,
        warnings=tuple(notices),
        review=_review(task, confidence, findings, problems, draft, calibration),
        label=label,
        model=model,
        usage=_usage((*draft.usages, *found.usages)),
        timings=TaskTimings(
            read_seconds=read_seconds,
            answer_seconds=answered - started,
            evidence_seconds=ended - answered,
            total_seconds=read_seconds + ended - started,
        ),
    )


def _suggesting(
    task: Task,
    questions: tuple[str, ...],
    warnings: Sequence[Notice],
    model: str,
    calibration: Calibration,
    read_seconds: float,
) -> TaskResult[Any]:
    """Instead of an answer to a question that points at nothing: the model has not been asked."""
    message = "问题没有说明问的是图中的什么，可以换个问法；要照原样问，请加 force（命令行是 --force）。"
    return TaskResult[Any](
        task=version_of(task, calibration),
        result=None,
        calibrated=calibration.calibrated,
        warnings=tuple(warnings),
        review=Review(needed=True, reasons=("没有作答：问题没有说明问的是图中的什么。",)),
        suggestion=Suggestion(message=message, questions=questions),
        model=model,
        usage=TaskUsage(),
        timings=TaskTimings(read_seconds=read_seconds, total_seconds=read_seconds),
    )


def _lines(reply: Reply) -> tuple[PrintedLine, ...]:
    assert isinstance(reply, tuple)
    return reply


def _held(draft: Draft, pictures: Sequence[CleanImage]) -> Mapping[str, tuple[PictureBox, ...]]:
    """The boxes of the record itself, which are about the first picture."""
    return {
        path: (place,)
        for path, box in boxes.in_record(draft.nodes).items()
        if pictures and (place := boxes.in_pixels(box, pictures[0])) is not None
    }


def _findings(
    task: Task,
    draft: Draft,
    places: Mapping[str, tuple[PictureBox, ...]],
    seen: Mapping[str, bool],
    problems: Iterable[Problem],
    calibration: Calibration,
) -> dict[str, Finding]:
    """Of every value but the insides of boxes; of the record as a whole where it is prose or one thing with a box."""
    by_path: dict[str, list[Notice]] = {}
    for problem in problems:
        by_path.setdefault(problem.field, []).append(Notice.of(problem))
    return {
        node.path: Finding(
            confidence=calibration.confidence(kind_of(task.name, node.path), draft.raw[node.path])
            if node.path in draft.raw and is_decided(task.name, node.path) and (node.path or task.result is None)
            else None,  # of a record as a whole the result tells itself
            boxes=places.get(node.path, ()),
            verified=seen.get(node.path),
            problems=tuple(by_path.get(node.path, ())),
        )
        for node in draft.nodes
        if (node.path or task.result is None or places.get("")) and boxes.KEY not in node.path
    }


def _whole(task: Task, draft: Draft, findings: Mapping[str, Finding], calibration: Calibration) -> float | None:
    """Of a record in which nothing is decided, such as an empty list, it is how sure the model is of it as it stands.

    None where the model's server tells no probabilities.
    """
    known = _known(findings)
    if not known and "" in draft.raw:
        known = {"": calibration.confidence(kind_of(task.name, ""), draft.raw[""])}
    plain = {node.path for node in draft.nodes if not isinstance(node.value, dict | list)}
    return calibration.whole(task.name, known, plain) if known else None


def _known(findings: Mapping[str, Finding]) -> dict[str, float]:
    return {path: found.confidence for path, found in findings.items() if found.confidence is not None}


def _notices(problems: Iterable[Problem], findings: Mapping[str, Finding], draft: Draft) -> Iterable[Notice]:
    """What belongs to no field."""
    for problem in problems:
        if problem.field not in findings:
            yield Notice.of(problem)
    if draft.end != "stop":
        yield _CUT[draft.end]


def _review(
    task: Task,
    confidence: float | None,
    findings: Mapping[str, Finding],
    problems: Sequence[Problem],
    draft: Draft,
    calibration: Calibration,
) -> Review:
    threshold = calibration.threshold(task.name) if task.review_below is None else task.review_below
    reasons = [problem.message for problem in problems]
    if draft.end != "stop":
        reasons.append("回答不完整。")
    if confidence is None:
        reasons.append("模型没有给出概率，无法判断把握。")
    elif confidence < threshold:
        known = _known(findings)
        least = min(known, key=known.__getitem__, default="")
        value = next((node.value for node in draft.nodes if node.path == least), None)
        where = f"，最没有把握的是“{name_of(task.schema(), least, value)}”" if least else ""
        reasons.append(f"整体把握 {confidence:.0%}，低于 {threshold:.0%}{where}。")
    return Review(needed=bool(reasons), reasons=tuple(reasons))


def _usage(usages: Sequence[Usage]) -> TaskUsage:
    return TaskUsage(
        requests=len(usages),
        visual_tokens=usages[0].visual_tokens,
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
    )
