"""What fields are called."""

from __future__ import annotations

import pytest

from kantu.solve.labels import label_of, name_of
from kantu.tasks.builtin import CHART, COPY, EXTRACT, ORDER, UI
from kantu.tasks.task import Task


@pytest.mark.parametrize(
    ("task", "path", "label"),
    [
        (ORDER, "status", "状态"),
        (ORDER, "order_number", "订单号"),
        (COPY, "facts[0]", "图中依据 1"),
        (CHART, "rows[2][1]", "各行 3 2"),
        (UI, "[0].label", "1 名称"),
        (EXTRACT, "店铺名", "店铺名"),
        (ORDER, "", ""),
    ],
)
def test_a_field_is_called_by_its_titles(task: Task, path: str, label: str) -> None:
    assert label_of(task.schema(), path) == label


def test_names_with_dots_and_brackets_are_one_name() -> None:
    goods = {"items": {"properties": {"a.b": {"title": "单价"}}}}
    schema = {"properties": {"No": {"title": "编号"}, "No.1": {"title": "首号"}, "价[元]": {}, "货.": goods}}
    for path, label in (("No", "编号"), ("No.1", "首号"), ("价[元]", "价[元]"), ("货.[1].a.b", "货. 2 单价")):
        assert label_of(schema, path) == label


def test_a_user_s_own_schema_may_call_a_field_anything_and_refer_anywhere() -> None:
    schema = {
        "properties": {"goods": {"anyOf": [{"$ref": "#/$defs/a~1b"}, {"type": "null"}], "title": "商品"}, "any": True},
        "$defs": {"a/b": {"items": {"properties": {"price": {"title": "单价"}}}}},
    }
    assert label_of(schema, "goods[0].price") == "商品 1 单价"
    assert label_of(schema, "any.thing") == "any thing"


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("[0]", {"kind": "按钮", "label": "催发货"}, "催发货"),
        ("[0]", {"text": "订" * 40}, "订" * 30 + "……"),
        ("[0]", {"label": " "}, "1"),
        ("[0].label", "催发货", "1 名称"),
        ("", {"label": "催发货"}, "催发货"),
        ("text", {"text": "有自己的名字"}, "text"),
        ("", "好的。", ""),
    ],
)
def test_a_found_thing_is_called_by_the_words_on_it(path: str, value: object, name: str) -> None:
    assert name_of(UI.schema(), path, value) == name
