"""What a task tells the model, and what it makes of an answer."""

from __future__ import annotations

import pytest

from kantu.errors import InvalidRequestError
from kantu.tasks.builtin import ASK, EXTRACT, LOCATE, MATCH, MODERATE, ORDER, TASKS, UI_POINT
from kantu.tasks.judges import states
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


def refusal(task: Task, **given: str) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        task.instruct(**given)
    assert caught.value.code == "task_variables"
    return caught.value


def test_what_is_missing_is_named_and_what_may_be_left_out() -> None:
    own = Task("own", "面单", states, instruction="{店} {单号} {重点}", defaults={"重点": "无"})
    missing = refusal(own, 店="山野")
    assert missing.param == "单号"
    assert "还缺：单号。" in missing.message
    assert "店、单号、重点（可省略）" in missing.message
    more = refusal(own, 店="山野", 单号="1", 别的="秘密")
    assert more.param is None
    assert "别的" not in more.message  # names are the caller's
    assert "店、单号、重点（可省略）" in more.message


@pytest.mark.parametrize("blank", ["", "  ", "\n", "\u3000"])
def test_what_must_be_given_must_say_something(blank: str) -> None:
    assert refusal(LOCATE, target=blank).param == "target"
    assert refusal(MATCH, text=blank).param == "text"
    assert refusal(ASK, question=blank).param == "question"
    assert MODERATE.instruct(text=blank).endswith(f"文字：{blank}")  # what may be left out may be blank


@pytest.mark.parametrize("wrong", ["1001", "10000", "-5", "1.5", "0x10", "５", "9" * 5_000, "左"])
def test_a_point_is_in_thousandths_of_the_picture(wrong: str) -> None:
    assert "[0, 1000]" in UI_POINT.instruct(x="0", y="1000")
    for given, name in (({"x": wrong, "y": "10"}, "x"), ({"x": "10", "y": wrong}, "y")):
        refused = refusal(UI_POINT, **given)
        assert refused.param == name
        assert f"{name} 应为 0 到 1000 的整数" in refused.message


def test_only_the_caller_s_own_question_needs_no_picture() -> None:
    assert [task.name for task in TASKS.values() if not task.needs_picture] == ["ask"]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_typed_task_has_a_schema_of_its_own(task: Task) -> None:
    schema = task.schema()
    assert (schema is None) == (task.result is None)
    assert set(task.defaults) <= set(task.variables)


def test_an_answer_with_something_forbidden_is_wrong() -> None:
    truth = Truth("合计128元", ("128",), forbidden=("合规",))
    assert ASK.score(truth, "一共128元") == 1.0
    assert ASK.score(truth, "合 规，128元") == 0.0
