"""JSON as text models write it can be read."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.contenders.pipeline.repair import fitted, read_json
from kantu.tasks.builtin import ORDER


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{"价格": "35元", "数量": 2}', {"价格": "35元", "数量": 2}),
        ('好的，结果如下：\n```json\n{"a": [1, 2]}\n```\n希望有帮助', {"a": [1, 2]}),
        ('答案是 {"a": null} 。', {"a": None}),
        ("{“价格”：“35元”，“数量”：2}", {"价格": "35元", "数量": 2}),
        ("{'a': 'b', 'c': True, 'd': None}", {"a": "b", "c": True, "d": None}),
        ('{价格: "35元"}', {"价格": "35元"}),
        ('[{"a": 1}, {"a": 2},]', [{"a": 1}, {"a": 2}]),
        ('{"a": 1e5, "b": -2.5,}', {"a": 100000.0, "b": -2.5}),
        ('{"a": "第一行\n第二行"}', {"a": "第一行\n第二行"}),
        ('{"a": "他说"好"了"}', {"a": '他说"好"了'}),
        ('{"a": "写着\\"好\\""}', {"a": '写着"好"'}),
        ('{"a": "反\\斜"}', {"a": "反斜"}),
    ],
)
def test_what_was_meant_is_read(written: str, meant: Any) -> None:
    assert read_json(written) == meant


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        ('{"a": [1, {"b": "写到一', {"a": [1, {"b": "写到一"}]}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": 1, "b":', {"a": 1, "b": None}),
        ('{"a": 1,', {"a": 1}),
        ('{"a": "反\\', {"a": "反"}),
        ("```json\n[1, 2", [1, 2]),
    ],
)
def test_an_answer_that_was_cut_is_closed(cut: str, left: Any) -> None:
    assert read_json(cut) == left


@pytest.mark.parametrize("nothing", ["", "图里没有", "{1 2 3}", "[35元]"])
def test_what_is_no_json_raises(nothing: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_json(nothing)


def test_what_may_be_null_is_filled_in_and_unknown_keys_go() -> None:
    schema = ORDER.schema()
    assert schema is not None
    found = fitted({"status_text": "待发货", "emoji": "🙂"}, schema)
    assert found == {
        "status_text": "待发货",
        "status": None,
        "order_number": None,
        "tracking_number": None,
        "amount": None,
    }
