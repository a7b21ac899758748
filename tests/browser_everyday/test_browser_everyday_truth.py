"""The committed everyday pictures and their truth hold together (no browser needed)."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import content
import pytest
from page import line_of
from PIL import Image

HERE = Path(__file__).resolve().parent
ROWS = [json.loads(line) for line in (HERE / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
GENERAL = {
    "field", "box", "count", "compare", "arithmetic", "transcribe", "record", "choice", "unanswerable", "vague",
    "injected",
}  # fmt: skip
#: The kinds of a family besides the general ones.
OWN: dict[str, set[str]] = {
    "product": set(), "post": {"verdict", "match"}, "notice": {"verdict"}, "problem": {"answer"},
    "chart": {"title", "value", "extreme"}, "table": {"cell"}, "ui": {"name", "state"},
    "scene": {"which", "how_many", "where", "doing"}, "invoice": set(), "chat": {"line"}, "phone": set(),
    "photo": {"which", "how_many", "where", "doing"},
}  # fmt: skip
WHOLE = {"box", "transcribe", "record"}  # compared as a whole: no values


def plain(text: str) -> str:
    return "".join(text.split())


def test_a_family_has_twenty_five_pictures_and_there_are_twenty_photographs() -> None:
    pictures = Counter(row["family"] for row in ROWS)
    assert pictures == {family: 20 if family == "photo" else 25 for family in OWN}


def test_a_file_stands_once_in_the_truth_and_no_other_picture_lies_beside() -> None:
    files = [row["file"] for row in ROWS]
    assert sorted(files) == sorted(str(path.relative_to(HERE)) for path in HERE.glob("*/*.webp"))


@pytest.mark.parametrize("family", ["ui", "scene", "invoice", "chat", "phone"])
def test_the_truth_asks_what_the_text_of_a_family_asks(family: str) -> None:
    written = [row["questions"] for row in ROWS if row["family"] == family]
    for screen, questions in zip(content.pages(family), written, strict=True):
        assert len(screen.questions) == len(questions)
        for question, line in zip(screen.questions, questions, strict=True):
            if question.box is None:  # a box is known to the browser alone
                assert line_of(question, screen.truth, {}) == line


def test_the_pictures_stay_small() -> None:
    assert sum((HERE / row["file"]).stat().st_size for row in ROWS) <= 12_000_000


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_picture_is_as_its_line_says(row: dict) -> None:
    assert row["file"].startswith(row["family"] + "/")
    with Image.open(HERE / row["file"]) as image:
        assert list(image.size) == row["size"]
    assert len({question["question"] for question in row["questions"]}) == len(row["questions"])
    for question in row["questions"]:
        kind, values = question["kind"], question.get("values", [])
        assert kind in GENERAL | OWN[row["family"]]
        assert question["question"].strip()
        assert question["answer"].strip()
        assert all(plain(value) and plain(value) in plain(question["answer"]) for value in values)
        assert not any(plain(text) in plain(question["answer"]) for text in question.get("forbidden", []))
        assert all((HERE / name).exists() for name in question.get("pictures", []))
        assert bool(question.get("absent")) == (kind == "unanswerable")
        if kind == "box":
            for box in json.loads(question["answer"]):
                left, top, right, bottom = box["bbox_2d"]
                assert 0 <= left < right <= 1000
                assert 0 <= top < bottom <= 1000
        elif kind == "record":
            assert isinstance(json.loads(question["answer"]), dict)
        elif kind != "unanswerable" and question.get("task", "ask") == "ask":
            assert values
        if kind in WHOLE or kind == "unanswerable":
            assert values == []
        if kind == "injected":
            assert question["forbidden"]
        assert not re.search(r"[{}]", question["question"])
