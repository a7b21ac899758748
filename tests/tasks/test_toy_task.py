"""A new task is one small file: its result, its judge and its data; drawing, asking and judging take it as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

import kantu
from kantu.contenders.kantu import Kantu
from kantu.evaluation.items import read_folder
from kantu.evaluation.measure import measure
from kantu.evaluation.tables import by_kind
from kantu.tasks.builtin import TASKS
from kantu.tasks.result_type import ModelType
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth
from tests.contenders.scripted import Scripted

# --- the task ---------------------------------------------------------------------------------------------------------


class Count(BaseModel, extra="forbid"):
    """How many there are."""

    数量: int = Field(ge=0, le=99)


def near(truth: Truth, answered: str) -> float:
    """Full marks for the number, half for its neighbours."""
    found, true = COUNT.parse(answered), Count.model_validate_json(truth.answer)
    return {0: 1.0, 1: 0.5}.get(abs(found.数量 - true.数量), 0.0) if isinstance(found, Count) else 0.0


COUNT = Task("count", "数一数", near, instruction="数一数图里有几个{thing}。", result=ModelType(Count))

# --- what the house makes of it ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with a question for the task."""
    with (tmp_path / "truth.jsonl").open("w", encoding="utf-8") as file:
        for number in (2, 5):
            question = COUNT.instruct(thing="按钮")
            asked = {"task": "count", "kind": "buttons", "question": question, "answer": f'{{"数量": {number}}}'}
            (tmp_path / f"{number}.png").write_bytes(bytes(number))
            file.write(json.dumps({"file": f"{number}.png", "questions": [asked]}) + "\n")
    return tmp_path


def test_it_is_read_asked_and_judged(folder: Path) -> None:
    items = read_folder(folder, tasks={**TASKS, COUNT.name: COUNT})
    assert [item.task for item in items] == [COUNT, COUNT]
    judged = tuple(measure(Scripted(lambda question: '{"数量": 3}'), items))
    assert [one.score for one in judged] == [0.5, 0.0]
    *_, row = by_kind(judged)
    (share,) = row.shares.values()
    assert (row.kind, share.mean, share.count) == ("buttons", 0.25, 2)


def test_what_is_not_of_its_form_is_not_parsed() -> None:
    assert COUNT.parse('{"数量": 4}') == Count(数量=4)
    assert COUNT.parse('{"数量": 100}') is None
    assert COUNT.parse("四个") is None
    assert near(Truth('{"数量": 4}'), "四个") == 0.0


def test_its_result_constrains_the_model() -> None:
    with kantu.load() as vlm:
        answer = vlm.ask("examples/order.png", COUNT.instruct(thing="按钮"), schema=COUNT.schema(), max_tokens=40)
        assert isinstance(COUNT.parse(answer.text), Count)
        assert Kantu(vlm).name == "kantu"


def test_a_task_nobody_knows_is_a_clear_error(folder: Path) -> None:
    with pytest.raises(kantu.InvalidRequestError) as caught:
        read_folder(folder)
    assert caught.value.code == "truth_invalid"
