"""Tasks are run on pictures with known truth, and every field is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Unpack

import pytest

from kantu.contenders.contender import Said
from kantu.errors import KantuError, UpstreamError, error
from kantu.evaluation.calibration.asking import judge_all, judged
from kantu.evaluation.items import Item
from kantu.evaluation.typed import given_of
from kantu.solve.calibration import Calibration
from kantu.solve.result import Finding, Review, TaskResult, TaskTimings, TaskUsage, TaskVersion
from kantu.tasks.builtin import ASK, CHART, EXTRACT, LOCATE, MATCH, ORDER, READ
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth
from kantu.vlm.tasks import Images, TaskOptions
from tests.evaluation.asked import item
from tests.tasks.test_record_judges import ORDERED, SALES


def result(task: Task, record: Any, fields: Mapping[str, float | None]) -> TaskResult[Any]:
    return TaskResult(
        task=TaskVersion(name=task.name, title=task.title, version="0"),
        result=record if task.result is None else task.parse(json.dumps(record)),
        fields={path: Finding(confidence=sure) for path, sure in fields.items()},
        review=Review(needed=False),
        model="toy",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )


def asked(task: Task, true: Any, question: str = "") -> Item:
    answer = true if isinstance(true, str) else json.dumps(true, ensure_ascii=False)
    return item(question, task=task, truth=Truth(answer))


@pytest.mark.parametrize(
    ("question", "given"),
    [
        (asked(ASK, "9.9", "多少钱"), {"question": "多少钱"}),
        (asked(READ, "甲乙", READ.instruct()), {}),
        (asked(ORDER, ORDERED, ORDER.instruct(question="到\n哪了")), {"question": "到\n哪了"}),
        (asked(MATCH, {}, MATCH.instruct(text="一个“杯子”。文字：红")), {"text": "一个“杯子”。文字：红"}),
        (asked(EXTRACT, {"店铺": "云", "备注": None}, "把店铺、备注整理成JSON"), {"keys": "店铺、备注"}),
        (asked(LOCATE, [{"bbox_2d": [0, 0, 9, 9], "label": "更多"}], "更多在哪"), {"target": "更多"}),
        (asked(LOCATE, "图里没有。", "更多在哪"), None),
        (asked(LOCATE, [], "更多在哪"), None),
        (asked(CHART, SALES, "这图说了什么"), None),
    ],
)
def test_a_question_is_asked_as_its_task_asks_it(question: Item, given: Mapping[str, str] | None) -> None:
    assert given_of(question) == given


def test_what_rests_on_earlier_turns_is_no_task() -> None:
    assert given_of(item(history=(Said("user", "先看图"),))) is None


def test_fields_are_judged_and_sentences_are_not() -> None:
    found = result(ORDER, {**ORDERED, "amount": "59.9"}, {"status": 0.9, "amount": 0.6, "advice": None, "reply": 0.1})
    record = judged(asked(ORDER, ORDERED), found)
    assert [(field.kind, field.raw, field.right) for field in record.fields] == [
        ("order.status", 0.9, True),
        ("order.amount", 0.6, False),
    ]
    assert (record.task, record.right) == ("order", False)
    assert record.picture == item().pictures[0].digest


def test_a_list_is_right_where_all_in_it_is() -> None:
    fields = {"title": 0.9, "rows": 0.5, "rows[0]": 0.8, "rows[1]": 0.7, "rows[0][1]": 0.9, "rows[1][1]": 0.8}
    one_wrong = {**SALES, "rows": [["一月", "5"], ["二月", "8"]]}
    record = judged(asked(CHART, SALES), result(CHART, one_wrong, fields))
    assert {field.path: field.right for field in record.fields} == {
        "title": True,
        "rows": False,
        "rows[0]": True,
        "rows[1]": False,
        "rows[0][1]": True,
        "rows[1][1]": False,
    }
    assert {field.kind for field in record.fields} == {"chart.title", "chart.rows", "chart.rows[]", "chart.rows[][]"}


def test_what_is_missing_makes_the_list_and_the_record_wrong() -> None:
    record = judged(asked(CHART, SALES), result(CHART, {**SALES, "rows": [["一月", "5"]]}, {"title": 0.9, "rows": 0.5}))
    assert [field.right for field in record.fields] == [True, False]
    assert not record.right


def test_prose_is_one_field() -> None:
    record = judged(item(), result(ASK, "要9.9元", {"": 0.7}))
    assert [(field.path, field.kind, field.right) for field in record.fields] == [("", "ask", True)]
    assert record.right


class Toy:
    """Says the same of every picture, or raises; is full the first few times."""

    def __init__(self, failure: KantuError | None = None, full: int = 0) -> None:
        self.failure, self.full, self.options = failure, full, list[TaskOptions]()

    def run(
        self, task: Task | str, images: Images, given: Mapping[str, str] | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[Any]:
        self.options.append(options)
        if len(self.options) <= self.full:
            raise error("overloaded", retry_after_seconds=0)
        if self.failure is not None and given == {"question": "坏的"}:
            raise self.failure
        return result(ASK, "9.9", {"": 0.7})


def test_the_models_own_probabilities_are_asked_for() -> None:
    toy = Toy()
    assert len(list(judge_all(toy, [item("一"), item("二")], parallel=2))) == 2
    assert toy.options[0]["calibration"] == Calibration()
    assert toy.options[0]["evidence"] is False


def test_a_picture_that_is_refused_is_left_out() -> None:
    left = list(judge_all(Toy(error("image_too_thin", cap=200)), [item("好的"), item("坏的")]))
    assert [record.key for record in left] == [item("好的").key]


def test_who_is_full_is_asked_again() -> None:
    toy = Toy(full=2)
    assert [record.key for record in judge_all(toy, [item("一")])] == [item("一").key]
    assert len(toy.options) == 3


def test_a_failing_engine_ends_the_run() -> None:
    with pytest.raises(UpstreamError):
        list(judge_all(Toy(error("task_answer_invalid")), [item("好的"), item("坏的")]))
