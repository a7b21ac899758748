"""What the tests of several families ask of a page, so that each need not say it again."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from kantu.synth.draw import effects
from kantu.synth.draw.distractors import ROLES
from kantu.synth.facts import Pair, Table
from kantu.synth.families import draw
from kantu.synth.families.family import Size
from kantu.synth.page import Page, Question
from tests.synth.geometry import outside, overlaps


def unworn(family: str, seeds: Iterable[int], size: Size | None = None) -> list[Page]:
    """Pages as they were drawn, before any wear that tilts their boxes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "degrade", lambda page, rng: page)
        return [draw(family, seed, size) for seed in seeds]


def printed(page: Page) -> str:
    """All text of a page."""
    return "".join(line.text for line in page.lines)


def assert_facts_are_printed(pages: list[Page]) -> None:
    """Values where the lines of their names say, labels and cells anywhere."""
    for page in pages:
        for fact in page.facts:
            if isinstance(fact, Pair):
                shown = "".join(line.text for line in page.lines if line.name == fact.key)
                assert fact.value in shown, (page.seed, fact)
                assert fact.label in printed(page), (page.seed, fact)
            elif isinstance(fact, Table):
                assert all(cell in printed(page) for row in fact.rows for cell in row), (page.seed, fact)


def assert_drawn_well(pages: list[Page]) -> None:
    """All text is inside its page and none of the family's own lies on other text."""
    for page in pages:
        assert outside(page) == [], page.seed
        foreign = {line.text for line in page.lines if line.role in ROLES}
        found = [pair for pair in overlaps(page) if not foreign.intersection(pair)]
        assert found == [], page.seed


def assert_truth_is_whole(pages: list[Page], *, least: int) -> None:
    """Answers contain their values and nothing forbidden, boxes are inside, every page is asked enough."""
    for page in pages:
        assert len(page.questions) >= least, page.seed
        for question in page.questions:
            if question.task in ("ask", "read"):
                assert all(value in question.answer for value in question.values), question
                assert not any(bad in question.answer for bad in question.forbidden), question
            if question.kind == "box":
                for each in json.loads(question.answer):
                    x1, y1, x2, y2 = each["bbox_2d"]
                    assert 0 <= x1 < x2 <= 1000, question
                    assert 0 <= y1 < y2 <= 1000, question


def asked(pages: list[Page], kind: str) -> list[tuple[Page, Question]]:
    """The questions of a kind, at least one, each with its page."""
    found = [(page, question) for page in pages for question in page.questions if question.kind == kind]
    assert found, kind
    return found
