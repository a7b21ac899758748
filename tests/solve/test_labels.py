"""What fields are called."""

from __future__ import annotations

import pytest

from kantu.solve.labels import label_of
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
