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
