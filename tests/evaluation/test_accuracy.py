"""How answers are judged, kind by kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.accuracy import Item, by_kind, judge, mean_over, measure, read_items


def item(kind: str, answer: str, *values: str) -> Item:
    return Item(Path("x.png"), kind, "?", answer, values)


@pytest.mark.parametrize(
    ("asked", "answered", "score"),
    [
        (item("status", "待商家发货", "待商家发货"), "订单目前是“待商家发货”。", 1.0),
        (item("status", "待商家发货", "待商家发货"), "已经发出", 0.0),
        (item("date", "2026-01-03 14:22", "2026-01-03 14:22"), "2026-01-0314:22", 1.0),
        (item("price", "¥12.50", "12.50"), "实付￥１２.５０元", 1.0),
        (item("record", '{"a": "1", "b": "2"}'), '{"a": "1", "b": "3"}', 0.5),
        (item("record", '{"a": "1"}'), "a 是 1", 0.0),
        (item("record", '{"a": "1"}'), '["a"]', 0.0),
        (item("box", '[{"bbox_2d": [0, 0, 100, 100], "label": "按钮"}]'), '[{"bbox_2d": [0, 0, 100, 60]}]', 1.0),
        (item("box", '[{"bbox_2d": [0, 0, 100, 100], "label": "按钮"}]'), '[{"bbox_2d": [60, 0, 160, 100]}]', 0.0),
        (item("box", '[{"bbox_2d": [0, 0, 100, 100], "label": "按钮"}]'), "在下面", 0.0),
        (item("transcribe", "甲乙丙丁"), "甲乙丙", 0.75),
        (item("transcribe", "甲乙"), "子丑寅卯辰巳", 0.0),
        (item("unanswerable", "图中没有显示快递单号"), "图里没有写快递单号。", 1.0),
        (item("unanswerable", "图中没有显示快递单号"), "20260103", 0.0),
        (item("count", "三行"), "三行", 1.0),
        (item("count", "三行"), "两行", 0.0),
    ],
)
def test_an_answer_is_scored_by_the_rule_of_its_kind(asked: Item, answered: str, score: float) -> None:
    assert judge(asked, answered).score == pytest.approx(score)


def test_tables_group_by_kind_and_average_over_questions() -> None:
    items = [item("price", "1", "1"), item("price", "2", "2"), item("shop", "甲", "甲")]
    table = by_kind(measure(lambda picture, question: "1", items))
    assert table == {"price": (0.5, 2), "shop": (0.0, 1)}
    assert mean_over(table, ("price", "shop", "absent")) == pytest.approx(1 / 3)


def test_items_come_from_the_folders_truth(tmp_path: Path) -> None:
    question = {"kind": "price", "question": "多少钱", "answer": "1元", "values": ["1"]}
    page = {"file": "a.png", "questions": [question, {**question, "kind": "shop"}]}
    (tmp_path / "truth.jsonl").write_text(json.dumps(page) + "\n", "utf-8")
    assert [one.kind for one in read_items(tmp_path)] == ["price", "shop"]
    assert read_items(tmp_path, ["shop"]) == (Item(tmp_path / "a.png", "shop", "多少钱", "1元", ("1",)),)


def test_a_folder_without_truth_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_items(tmp_path)
    assert caught.value.code == "truth_missing"
