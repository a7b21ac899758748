"""Questions are asked, several at once, and answers judged."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kantu.contenders.contender import AskOptions, Reply, Said
from kantu.errors import ImageError, OverloadedError, UpstreamError
from kantu.evaluation.measure import judge_again, measure
from kantu.evaluation.results import ResultFile, Run, Told, read_results
from kantu.processing.conversation import ImageSource
from kantu.solve.result import Finding, Review, TaskResult, TaskTimings, TaskUsage, TaskVersion
from kantu.tasks.builtin import LOCATE
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth
from tests.contenders.scripted import Scripted
from tests.evaluation.asked import answer, item


def test_every_question_is_asked_once_and_judged() -> None:
    asked = [item(str(number), value=str(number)) for number in range(20)]
    contender = Scripted(lambda question: question if int(question) < 15 else "?")
    answers = list(measure(contender, asked, parallel=4))
    assert sorted(contender.asked, key=int) == [str(number) for number in range(20)]
    assert {found.key for found in answers} == {one.key for one in asked}
    assert sum(found.score for found in answers) == 15
    assert {(a.total_seconds, a.visual_tokens, a.probability) for a in answers} == {(0.2, 5, 0.75)}


def test_typed_tasks_are_asked_with_their_schema_and_budgets_are_told() -> None:
    contender = Scripted(lambda question: "[]")
    history = (Said("user", "看"), Said("assistant", "好"))
    asked = item(task=LOCATE, truth=Truth('[{"bbox_2d": [1, 2, 3, 4], "label": "甲"}]'), history=history)
    list(measure(contender, [asked, replace(item(), choices=("A", "B"))], max_pixels=5_000))
    typed, plain = contender.options
    assert typed.schema == LOCATE.schema()
    assert (typed.max_pixels, typed.task_pixels, typed.history) == (5_000, LOCATE.max_pixels, history)
    assert (plain.schema, plain.choices) == (None, ("A", "B"))
    assert typed.temperature == plain.temperature == 0.0


class Running(Scripted):
    """Runs tasks as well; remembers which, with what was given."""

    def __init__(self) -> None:
        super().__init__(lambda question: "?")
        self.ran: list[tuple[str, Mapping[str, str], int | None]] = []

    def run(
        self, task: Task, pictures: Sequence[ImageSource], given: Mapping[str, str], *, max_pixels: int | None
    ) -> Reply:
        self.ran.append((task.name, given, max_pixels))
        found = TaskResult[Any](
            task=TaskVersion(name=task.name, title="", version="0"),
            result=[],
            confidence=0.9,
            fields={"[0].bbox_2d": Finding(confidence=0.8)},
            review=Review(needed=False),
            model="toy",
            usage=TaskUsage(),
            timings=TaskTimings(),
        )
        return Reply('[{"bbox_2d": [1, 2, 3, 4], "label": "甲"}]', 0.2, 0.2, result=found)


def test_tasks_are_run_by_who_can_and_judged_as_any_answer(tmp_path: Path) -> None:
    contender, truth = Running(), Truth('[{"bbox_2d": [1, 2, 3, 4], "label": "甲"}]')
    run = item("“甲”在图中什么位置？", task=LOCATE, truth=truth, given={"target": "甲"})
    (found,) = measure(contender, [run], max_pixels=5_000)
    assert contender.ran == [("locate", {"target": "甲"}, 5_000)]
    assert contender.asked == []
    assert (found.score, found.right, found.placed) == (1.0, True, {"[0].bbox_2d": True})
    assert found.told == Told(0.9, {"[0].bbox_2d": 0.8}, {}, False)
    with ResultFile.open(tmp_path / "r.jsonl", Run("s", "1", "m", "", "int8")) as file:
        file.add(found)
    kept = read_results(tmp_path / "r.jsonl").answers[run.key]
    assert kept == found
    assert judge_again(run, kept) == found
    (plain,) = measure(Scripted(lambda question: "[]"), [run])  # a server is asked the same words
    assert (plain.told, plain.right, plain.question) == (None, False, run.question)
    (merely,) = measure(contender, [replace(run, given=None)])
    assert (merely.told, merely.rights) == (None, None)


def test_as_many_are_under_way_as_may_be() -> None:
    together = threading.Barrier(3, timeout=10)

    def say(question: str) -> str:
        together.wait()  # breaks unless three are asked at once
        return question

    assert len(list(measure(Scripted(say), [item(str(n)) for n in range(6)], parallel=3))) == 6


class Failing(Scripted):
    """Raises these errors, one a call, then answers."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__(lambda question: "9.9")
        self.errors = list(errors)

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        if self.errors:
            raise self.errors.pop(0)
        return super().ask(pictures, question, options)


def test_a_picture_that_is_refused_is_a_wrong_answer_and_the_rest_goes_on() -> None:
    contender = Failing(ImageError("image_damaged", "坏图", "damaged"))
    refused, fine = measure(contender, [item("一"), item("二")])
    assert (refused.error, refused.score, refused.answer) == ("image_damaged", 0.0, "")
    assert (fine.error, fine.score) == ("", 1.0)


def test_a_server_that_is_full_is_asked_again() -> None:
    full = OverloadedError("overloaded", "满", "full", retry_after_seconds=0.0)
    (found,) = measure(Failing(full, full), [item()])
    assert found.score == 1.0
    with pytest.raises(OverloadedError):
        list(measure(Failing(*[full] * 5), [item()]))


def test_a_fault_that_is_not_the_question_s_ends_it_after_what_was_answered() -> None:
    contender = Failing()
    found = []
    with pytest.raises(UpstreamError):  # noqa: PT012
        for one in measure(contender, [item("一"), item("二")]):
            found.append(one)
            contender.errors.append(UpstreamError("upstream_unreachable", "断", "gone"))
    assert [one.question for one in found] == ["一"]


def test_a_kept_answer_is_judged_by_the_truth_of_today() -> None:
    old = answer(item(value="9.9"), "8.8")
    assert judge_again(item(value="8.8"), old).score == 1.0
    failed = answer(item(), "9.9", error="image_damaged")
    assert judge_again(item(), failed).score == 0.0
