"""What tasks are to answer about browser-drawn pictures holds together: a right answer is right in everything."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kantu.evaluation.items import Item, read_folder
from kantu.evaluation.suites import TASK_SUITE
from kantu.evaluation.typed import as_run
from kantu.tasks.builtin import CHART, MATCH, MODERATE, ORDER, PROBLEM
from kantu.tasks.right_fields import right_fields

TESTS = Path(__file__).parents[1]
UNDECIDED: dict[str, dict[str, Any]] = {
    ORDER.name: {"status": None, "tracking_number": None, "happening": "", "advice": ""},
    MATCH.name: {"conflict": "词句", "reasons": []},
    MODERATE.name: {"categories": [], "evidence": []},
    PROBLEM.name: {"steps": []},
    CHART.name: {"title": None, "unit": None, "conclusion": ""},
}
"""Some value for each field that a true record may leave open."""


def read(name: str) -> tuple[Item, ...]:
    return read_folder(TESTS / name, file="tasks.jsonl")


def completed(item: Item) -> str:
    true = json.loads(item.truth.answer)
    if item.task.name == ORDER.name:
        true["reply"] = f"订单{item.truth.values[0]}。"
    return json.dumps({**UNDECIDED[item.task.name], **true} if item.task.name in UNDECIDED else true)


@pytest.fixture(scope="module")
def items() -> tuple[Item, ...]:
    return tuple(item for name, _ in TASK_SUITE.folders for item in read(name))


def test_every_task_is_asked_in_its_own_words(items: tuple[Item, ...]) -> None:
    for item in items:
        run = as_run(item)
        assert run is not None, item.key
        assert run.question == item.question
    counts = Counter(item.task.name for item in items)
    assert set(counts) == set(TASK_SUITE.tasks)
    assert counts.total() >= 200


def test_a_right_answer_is_right_in_every_field_and_scores_all(items: tuple[Item, ...]) -> None:
    for item in items:
        answered = completed(item)
        rights = right_fields(item.task, item.truth, answered)
        assert rights, item.key
        assert all(rights.values()), (item.key, rights)
        assert item.task.score(item.truth, answered) == pytest.approx(1.0), item.key


def test_places_lie_in_the_picture(items: tuple[Item, ...]) -> None:
    boxes = [box for item in items for where in item.places.values() for box in where]
    assert len(boxes) > 200
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= 1000
        assert 0 <= top < bottom <= 1000


@pytest.mark.parametrize("name", [name for name, _ in TASK_SUITE.folders])
def test_every_picture_is_one_of_the_set(name: str) -> None:
    known = {json.loads(line)["file"] for line in (TESTS / name / "truth.jsonl").read_text("utf-8").splitlines()}
    assert {item.pictures[0].name for item in read(name)} <= known
