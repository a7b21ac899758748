"""What a task tells the model, and what it makes of an answer."""

from __future__ import annotations

import pytest

from kantu.errors import InvalidRequestError
from kantu.tasks.builtin import ASK, EXTRACT, MATCH, MODERATE, ORDER, TASKS
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth


def test_the_instruction_takes_its_variables() -> None:
    assert MATCH.variables == ("text",)
    assert "文字：今天{很}冷" in MATCH.instruct(text="今天{很}冷")


def test_what_was_given_can_be_told_from_the_prompt() -> None:
    prompt = TASKS["match"].instruct(text="一只猫\n两只狗")
    assert TASKS["match"].given_in(prompt) == {"text": "一只猫\n两只狗"}
    assert TASKS["match"].given_in("图里有猫吗") is None
    assert TASKS["ask"].given_in("图里有猫吗") == {"question": "图里有猫吗"}
    assert TASKS["read"].given_in(TASKS["read"].instruction) == {}


def test_what_is_not_given_has_its_default_or_is_missed() -> None:
    assert MODERATE.instruct().endswith("文字：（无）")
    assert MODERATE.instruct(text="加我").endswith("文字：加我")
    with pytest.raises(InvalidRequestError) as caught:
        EXTRACT.instruct()
    assert caught.value.code == "task_variables"
    with pytest.raises(InvalidRequestError):
        ORDER.instruct(text="没有这一项")


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_typed_task_has_a_schema_of_its_own(task: Task) -> None:
    schema = task.schema()
    assert (schema is None) == (task.result is None)
    assert set(task.defaults) <= set(task.variables)


def test_an_answer_with_something_forbidden_is_wrong() -> None:
    truth = Truth("合计128元", ("128",), forbidden=("合规",))
    assert ASK.score(truth, "一共128元") == 1.0
    assert ASK.score(truth, "合 规，128元") == 0.0
