"""Answers are asked for, judged, and told by kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.evaluation.items import Item
from kantu.evaluation.measure import by_kind, mean_over, measure
from kantu.tasks.builtin import ASK
from kantu.tasks.truth import Truth
from tests.contenders.scripted import Scripted


def item(kind: str, value: str) -> Item:
    return Item(Path("x.png"), ASK, kind, "?", Truth(value, (value,)))


def test_tables_group_by_kind_and_average_over_questions() -> None:
    items = [item("price", "1"), item("price", "2"), item("shop", "甲")]
    table = by_kind(measure(Scripted(lambda question: "1"), items))
    assert table == {"price": (0.5, 2), "shop": (0.0, 1)}
    assert mean_over(table, ("price", "shop", "absent")) == pytest.approx(1 / 3)
    assert mean_over(table, ("absent",)) == 0.0
