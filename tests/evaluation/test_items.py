"""Items come from a folder's truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.items import Item, Picture, read_folder
from kantu.tasks.builtin import ASK, READ
from kantu.tasks.truth import Truth


def write(folder: Path, *lines: object) -> Path:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(name.encode())
    (folder / "truth.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return folder


def test_a_question_is_of_the_task_it_names_else_a_plain_one(tmp_path: Path) -> None:
    asked = [
        {"kind": "price", "question": "多少钱", "answer": "1元", "values": ["1"], "forbidden": ["2"]},
        {"kind": "transcribe", "question": "抄下来", "answer": "甲", "task": "read"},
        {"kind": "shop", "question": "哪家店", "answer": "图中没有店名", "absent": True},
    ]
    write(tmp_path, {"file": "a.png", "questions": asked})
    price, transcribe, shop = read_folder(tmp_path, family="order", origin="browser")
    picture = Picture("a.png", tmp_path / "a.png")
    assert price == Item((picture,), ASK, "price", "多少钱", Truth("1元", ("1",), False, ("2",)), "order", "browser")
    assert (transcribe.task, transcribe.truth) == (READ, Truth("甲"))
    assert shop.truth.absent


def test_a_line_may_name_its_family_and_a_question_all_its_pictures(tmp_path: Path) -> None:
    asked = [
        {"kind": "compare", "question": "哪个贵", "answer": "前一个", "pictures": ["a.png", "b.png"]},
        {"kind": "price", "question": "多少钱", "answer": "1"},
    ]
    write(tmp_path, {"file": "a.png", "family": "product", "questions": asked})
    both, one = read_folder(tmp_path)
    assert [picture.name for picture in both.pictures] == ["a.png", "b.png"]
    assert [picture.name for picture in one.pictures] == ["a.png"]
    assert both.family == "product"
    assert both.origin == tmp_path.name


def test_a_key_changes_with_the_picture_the_question_and_the_truth_and_with_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, {"file": "a.png", "questions": [{"kind": "price", "question": "多少钱", "answer": "1"}]})
    (item,) = read_folder(tmp_path)
    moved = replace(item, pictures=(Picture("a.png", b"a.png"),))
    assert moved.key == item.key
    others = [
        replace(item, pictures=(Picture("a.png", b"other"),)),
        replace(item, question="几块钱"),
        replace(item, truth=Truth("2")),
        replace(item, origin="elsewhere"),
    ]
    assert len({item.key, *(other.key for other in others)}) == 5


def test_a_folder_without_truth_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_folder(tmp_path)
    assert caught.value.code == "truth_missing"


@pytest.mark.parametrize("line", ["[", "{}", '{"file": "a.png", "questions": [{"kind": "price"}]}', "[1]"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "truth.jsonl").write_text('{"file": "a.png", "questions": []}\n' + line, "utf-8")
    with pytest.raises(InvalidRequestError, match="第 2 行") as caught:
        read_folder(tmp_path)
    assert caught.value.code == "truth_invalid"


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"gone\.png"):
        Picture("gone.png", tmp_path / "gone.png").read()
