"""The embedded model reads: floors a little under the figures of docs/accuracy.md, on part of the pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import kantu
from kantu.contenders.kantu import Kantu
from kantu.evaluation.items import Item, read_folder
from kantu.evaluation.measure import measure
from kantu.evaluation.suites import draw_items
from kantu.evaluation.tables import share
from kantu.tasks.builtin import ORDER_FIELDS

pytestmark = pytest.mark.whole

SCREENS = Path(__file__).parents[1] / "browser_screens"
PICTURES = 12  # of each origin; `kantu eval everyday` asks about all


@pytest.fixture(scope="module")
def contender() -> Iterator[Kantu]:
    asked = Kantu(kantu.load())
    yield asked
    asked.close()


def check(contender: Kantu, items: Sequence[Item], *, status: float, fields: float) -> None:
    asked = [item for item in items if item.kind in ("status", *ORDER_FIELDS)]
    answers = list(measure(contender, asked, parallel=8))
    assert share(answer for answer in answers if answer.kind == "status").mean >= status
    assert share(answer for answer in answers if answer.kind in ORDER_FIELDS).mean >= fields


def test_status_and_fields_are_read_from_screens_that_a_browser_drew(contender: Kantu) -> None:
    items = read_folder(SCREENS)
    pictures = sorted({item.pictures[0].name for item in items})[:PICTURES]
    check(contender, [item for item in items if item.pictures[0].name in pictures], status=0.75, fields=0.66)


@pytest.mark.usefixtures("needs_fonts")
def test_status_and_fields_are_read_from_drawn_pages_that_training_never_sees(contender: Kantu) -> None:
    items = [item for seed in range(PICTURES) for item in draw_items("order", seed)]
    check(contender, items, status=0.80, fields=0.62)
