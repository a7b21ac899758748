"""Notices say what they are asked for, and break rules only where they show it."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

import pytest

from kantu.synth.ask.scene import texts_of
from kantu.synth.families.notice.family import draw
from kantu.synth.page import Page, Question
from kantu.tasks.results import ModerateResult
from tests.synth.geometry import outside, overlaps

pytestmark = pytest.mark.whole

_SIZES = ((256, 256), (320, 480), (448, 640), (640, 416), (770, 1220))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """150 notices of five sizes."""
    return [draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(150)]


def asked(pages: list[Page], kind: str) -> list[tuple[Page, Question]]:
    found = [(page, question) for page in pages for question in page.questions if question.kind == kind]
    assert found, kind
    return found


def whole(page: Page) -> str:
    """All texts of the page, broken ones as one."""
    return "\n".join(text.text for text in texts_of(page))


def test_text_stands_inside_the_page_and_nowhere_on_other_text(pages: list[Page]) -> None:
    for page in pages:
        assert page.image.size == _SIZES[page.seed % len(_SIZES)]
        assert outside(page) == overlaps(page) == [], page.seed
        assert 6 <= len(page.questions) <= 11


def test_every_value_that_is_asked_for_is_on_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "field"):
        (value,) = question.values
        assert value in question.answer
        assert value in whole(page), (page.seed, question)


def test_a_notice_is_judged_by_what_it_shows(pages: list[Page]) -> None:
    verdicts: dict[int, set[str]] = {}
    for page, question in asked(pages, "task"):
        told = ModerateResult.model_validate_json(question.answer)
        verdicts.setdefault(page.seed, set()).add(told.verdict)
        assert all(words in whole(page) for words in told.evidence), page.seed
        assert bool(told.categories) <= bool(told.evidence)
        assert (told.side is None) == (told.verdict == "合规")
    for page, question in asked(pages, "verdict"):
        if question.answer.startswith(("合规", "违规，", "违规：", "需复核")):
            verdicts.setdefault(page.seed, set()).add(question.values[0])
    assert all(len(told) == 1 for told in verdicts.values()), verdicts
    shares = Counter(told.pop() for told in verdicts.values())
    assert 0.25 < shares["违规"] / shares.total() < 0.6
    assert shares["需复核"] > 0


def test_a_harmless_notice_forbids_what_would_be_a_verdict_against_it(pages: list[Page]) -> None:
    for _, question in asked(pages, "verdict"):
        if question.values == ("合规",):
            assert "违规" in question.forbidden
            assert not any(word in question.answer for word in question.forbidden)


def test_days_are_counted_from_the_dates_that_are_shown(pages: list[Page]) -> None:
    for page, question in asked(pages, "arithmetic"):
        first, last = (tuple(map(int, re.findall(r"\d+", page.fields[name])))[-2:] for name in ("day", "deadline"))
        start, end = date(2023, *first), date(2023, *last)
        if end < start:
            end = date(2024, *last)
        assert abs((end - start).days + 1 - int(question.values[0])) <= 1, page.seed  # a leap year may lie between


def test_what_is_missing_is_said_to_be(pages: list[Page]) -> None:
    for page, question in asked(pages, "unanswerable"):
        assert question.absent
        assert not question.values
        assert any(word in question.answer for word in ("没有", "没写", "看不到")), (page.seed, question)


def test_records_hold_what_is_shown_and_null_for_the_rest(pages: list[Page]) -> None:
    nulls = 0
    for page, question in asked(pages, "record"):
        for value in json.loads(question.answer).values():
            nulls += value is None
            assert value is None or value in whole(page)
    assert nulls


def test_notices_are_put_up_in_many_ways_and_sayings_do_not_repeat(pages: list[Page]) -> None:
    texts = [text.text for page in pages for text in texts_of(page) if len(text.text) > 12]
    assert len(set(texts)) > 0.9 * len(texts)
    assert len({question.question for page in pages for question in page.questions}) > 0.85 * sum(
        len(page.questions) for page in pages
    )
