"""What is counted of warnings: those deserved, found and false, by origin, condition and family."""

from __future__ import annotations

from collections import Counter

import pytest
from PIL import Image

from kantu.evaluation.picture_warnings import DRAWN, Case, Tally, drawn_cases, judged, markdown

WHITE = Image.new("RGB", (64, 64), "white")


def test_found_false_and_given_warnings_are_counted() -> None:
    tally = Tally()
    tally.add(Case(DRAWN, "blank", "一种颜色", WHITE, "picture_blank"), ["picture_blank"])
    tally.add(Case(DRAWN, "blank", "噪点", WHITE, "picture_blank"), ["picture_blurred"])
    tally.add(Case(DRAWN, "chat", "原样", WHITE), ["picture_blank"])
    assert (tally.found[DRAWN, "一种颜色"], tally.asked[DRAWN, "一种颜色"]) == (1, 1)
    assert (tally.found[DRAWN, "噪点"], tally.asked[DRAWN, "噪点"]) == (0, 1)
    assert (tally.false[DRAWN, "chat", "picture_blank"], tally.clean[DRAWN, "chat"]) == (1, 1)
    assert (tally.right[DRAWN, "picture_blank"], tally.given[DRAWN, "picture_blank"]) == (1, 2)


def test_the_pictures_asked_about_get_what_they_get() -> None:
    tally = judged([Case(DRAWN, "blank", "一种颜色", WHITE, "picture_blank")])
    assert tally.found == Counter({(DRAWN, "一种颜色"): 1})
    text = markdown(tally)
    assert "| 一种颜色 | 100.0% | 1 |" in text
    assert "| `picture_blank` | 100.0% |" in text


@pytest.mark.parametrize("family", ["reading", "photo"])
def test_pages_are_turned_and_those_without_text_deserve_nothing_for_it(family: str) -> None:
    deserved = {case.condition: case.deserves for case in drawn_cases(range(1)) if case.family == family}
    assert deserved["原样"] == ""
    assert deserved["转 180°"] == ("picture_upside_down" if family == "reading" else "")
