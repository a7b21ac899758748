"""What a schema says about the first field of a record."""

from __future__ import annotations

from kantu.solve.schema import Choice, first_choice, narrowed
from kantu.tasks.builtin import CHART, EXTRACT, MODERATE, ORDER, PROBLEM
from kantu.tasks.task import Task


def choice_of(task: Task) -> Choice | None:
    schema = task.schema()
    assert schema is not None
    return first_choice(schema)


def test_a_verdict_and_a_status_that_may_be_absent_are_choices() -> None:
    assert choice_of(MODERATE) == Choice("verdict", ("合规", "违规", "需复核"))
    order = choice_of(ORDER)
    assert order is not None
    assert order.values[0] == "待付款"
    assert order.values[-1] is None
    assert order.beginnings[0] == '{"status": "待付款"'
    assert order.beginnings[-1] == '{"status": null'


def test_a_user_s_own_names_stand_as_the_model_writes_them() -> None:
    schema = {"properties": {"状态": {"$ref": "#/$defs/a~1b"}}, "$defs": {"a/b": {"enum": ["退回", None]}}}
    choice = first_choice(schema)
    assert choice == Choice("状态", ("退回", None))
    assert choice.beginnings == ('{"状态": "退回"', '{"状态": null')


def test_a_user_s_schema_of_anything_or_of_itself_is_no_choice() -> None:
    itself = {"anyOf": [{"$ref": "#/properties/a"}, {"enum": ["甲", "乙"]}]}
    for first in (True, itself, {"$ref": "#/$defs/none"}):
        assert first_choice({"properties": {"a": first}}) is None


def test_text_is_not_a_choice() -> None:
    assert choice_of(PROBLEM) is None
    assert choice_of(EXTRACT) is None
    assert first_choice({"type": "array"}) is None


def test_a_narrowed_schema_leaves_the_rest_as_it_was() -> None:
    schema = CHART.schema()
    assert schema is not None
    found = narrowed(schema, "kind", "饼图")
    assert found["properties"]["kind"] == {"const": "饼图"}
    assert {**found["properties"], "kind": None} == {**schema["properties"], "kind": None}
