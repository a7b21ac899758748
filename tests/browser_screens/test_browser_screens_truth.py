"""The committed browser screens and their truth hold together (no browser needed)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

HERE = Path(__file__).resolve().parent
ROWS = [json.loads(line) for line in (HERE / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
FIELDS = {"status", "price", "goods", "number", "date", "shop", "button"}


def common(character: str) -> bool:
    """Whether a reader of GB2312's first level, Latin letters, digits and printed signs knows it."""
    if character.isascii():
        return True
    code = character.encode("gb2312")
    return 0xB0 <= code[0] <= 0xD7


def test_there_are_sixty_screens_in_many_layouts() -> None:
    assert [row["file"] for row in ROWS] == [f"{i:02d}.webp" for i in range(1, 61)]
    assert len({row["layout"] for row in ROWS}) >= 12


def test_the_pictures_stay_small() -> None:
    assert sum((HERE / row["file"]).stat().st_size for row in ROWS) <= 4_000_000


def test_waiting_for_the_shop_is_asked_often_enough_to_measure() -> None:
    statuses = Counter(row["fields"]["status"] for row in ROWS)
    assert statuses["待商家发货"] >= 8
    assert len(statuses) >= 12


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_a_screen_is_as_its_line_says(row: dict) -> None:
    with Image.open(HERE / row["file"]) as image:
        assert image.size == (row["width"], row["height"])
        assert all(320 <= side <= 896 for side in image.size)
    fields = row["fields"]
    assert set(fields) <= FIELDS
    assert all(common(character) for value in fields.values() for character in value)
    asked = {question["kind"]: question for question in row["questions"]}
    assert set(asked) - {"unanswerable"} == set(fields)
    for kind, question in asked.items():
        if kind == "unanswerable":
            assert question["values"] == []
        else:
            assert question["values"] == [fields[kind]]
            assert fields[kind] in question["answer"]
    missing = len(FIELDS - set(fields))
    assert sum(q["kind"] == "unanswerable" for q in row["questions"]) >= missing
