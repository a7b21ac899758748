"""The embedded model reads: floors a little under the figures of docs/accuracy.md, on part of the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

import kantu
from kantu.contenders.contender import AskOptions
from kantu.contenders.kantu import Kantu
from kantu.evaluation.items import read_items
from kantu.evaluation.measure import by_kind, mean_over, measure
from kantu.tasks.builtin import ORDER_FIELDS

TESTS = Path(__file__).parents[1]
PICTURES = 40  # of each folder; benchmarks/accuracy.py measures all


@pytest.fixture(scope="module")
def vlm() -> kantu.VLM:
    return kantu.load()


@pytest.mark.parametrize(
    ("folder", "status", "fields"),
    [("held_out", 0.90, 0.75), ("browser_screens", 0.75, 0.66)],
)
def test_status_and_fields_are_read_from_the_pixels(vlm: kantu.VLM, folder: str, status: float, fields: float) -> None:
    items = read_items(TESTS / folder, ("status", *ORDER_FIELDS))
    pictures = sorted({item.picture for item in items})[:PICTURES]
    asked = [item for item in items if item.picture in pictures]
    table = by_kind(measure(Kantu(vlm), asked, AskOptions(max_tokens=80, temperature=0.0)))
    assert table["status"][0] >= status, table
    assert mean_over(table, ORDER_FIELDS) >= fields, table
