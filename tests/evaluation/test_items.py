"""Items come from a folder's truth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.items import Item, read_items
from kantu.tasks.builtin import ASK, READ
from kantu.tasks.truth import Truth


def test_a_question_is_of_the_task_it_names_else_a_plain_one(tmp_path: Path) -> None:
    asked = [
        {"kind": "price", "question": "多少钱", "answer": "1元", "values": ["1"]},
        {"kind": "transcribe", "question": "抄下来", "answer": "甲", "task": "read"},
        {"kind": "shop", "question": "哪家店", "answer": "图中没有店名", "absent": True},
    ]
    (tmp_path / "truth.jsonl").write_text(json.dumps({"file": "a.png", "questions": asked}) + "\n", "utf-8")
    price, transcribe, shop = read_items(tmp_path)
    assert price == Item(tmp_path / "a.png", ASK, "price", "多少钱", Truth("1元", ("1",)))
    assert (transcribe.task, transcribe.truth) == (READ, Truth("甲"))
    assert shop.truth.absent
    assert read_items(tmp_path, ["shop"]) == (shop,)


def test_a_folder_without_truth_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_items(tmp_path)
    assert caught.value.code == "truth_missing"


@pytest.mark.parametrize("line", ["[", "{}", '{"file": "a.png", "questions": [{"kind": "price"}]}', "[1]"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "truth.jsonl").write_text('{"file": "a.png", "questions": []}\n' + line, "utf-8")
    with pytest.raises(InvalidRequestError, match="第 2 行") as caught:
        read_items(tmp_path)
    assert caught.value.code == "truth_invalid"
