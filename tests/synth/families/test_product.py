"""Product pages state their prices and particulars, and sums of them are right."""

from __future__ import annotations

import json
import random
import re
from decimal import Decimal

import pytest

from kantu.synth.ask.named import wording
from kantu.synth.ask.scene import texts_of
from kantu.synth.facts import Listing, Pair
from kantu.synth.families.product.family import draw
from kantu.synth.families.product.questions import MEANINGS
from kantu.synth.families.product.record import make_product
from kantu.synth.page import Page, Question
from kantu.tasks.builtin import COPY
from kantu.tasks.results import CopyResult
from kantu.tasks.truth import Truth
from tests.synth.geometry import outside, overlaps

pytestmark = pytest.mark.whole

_SIZES = ((256, 256), (320, 480), (448, 704), (640, 416), (770, 1220))


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """200 pages of five sizes."""
    return [draw(seed, _SIZES[seed % len(_SIZES)]) for seed in range(200)]


def asked(pages: list[Page], kind: str) -> list[tuple[Page, Question]]:
    found = [(page, question) for page in pages for question in page.questions if question.kind == kind]
    assert found, kind
    return found


def whole(page: Page) -> str:
    return "\n".join(text.text for text in texts_of(page))


def priced(page: Page) -> dict[str, Decimal]:
    """The prices of a page with several things, by their names."""
    return {fact.label: Decimal(fact.value) for fact in page.facts if isinstance(fact, Pair) and fact.label}


def test_text_stands_inside_the_page_and_nowhere_on_other_text(pages: list[Page]) -> None:
    for page in pages:
        assert page.image.size == _SIZES[page.seed % len(_SIZES)]
        assert outside(page) == overlaps(page) == [], page.seed
        assert 6 <= len(page.questions) <= 11


def test_every_value_that_is_asked_for_is_on_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "field"):
        assert question.values
        for value in question.values:
            assert value in question.answer
            assert value in whole(page), (page.seed, question)


def test_every_fact_is_printed(pages: list[Page]) -> None:
    for page in pages:
        for fact in page.facts:
            if isinstance(fact, Pair):
                assert fact.value in whole(page), (page.seed, fact)


def test_sums_follow_from_what_is_printed(pages: list[Page]) -> None:
    kinds = set()
    for page, question in asked(pages, "arithmetic"):
        value = Decimal(question.values[0])
        if any(isinstance(fact, Listing) for fact in page.facts):
            prices = priced(page)
            two = [name for name in prices if name in question.question]
            pairs = [prices[a] + prices[b] for a in two for b in two if a != b]
            assert value in pairs, (page.seed, question)
            kinds.add("both")
            continue
        now = Decimal(page.fields["price"])
        known = {"several": [now * number for number in (2, 3, 4, 5, 10)]}
        if "original" in page.fields:
            known["saved"] = [Decimal(page.fields["original"]) - now]
        if "coupon" in page.fields:
            known["coupon"] = [now - Decimal(page.fields["coupon"])]
        found = {kind for kind, sums in known.items() if value in sums}
        assert found, (page.seed, question)
        kinds |= found
    assert kinds == {"both", "several", "saved", "coupon"}


def test_the_cheapest_is_the_cheapest(pages: list[Page]) -> None:
    seen = 0
    for page, question in asked(pages, "compare"):
        prices = priced(page)
        low, high = min(prices, key=prices.__getitem__), max(prices, key=prices.__getitem__)
        if re.search(r"最便宜|最低|最不贵", question.question):
            assert question.values == (low,)
        elif re.search(r"最贵|最高", question.question):
            assert question.values == (high,)
        else:
            both = [name for name in prices if name in question.question]
            assert prices[question.values[0]] <= max(prices[name] for name in both)
        seen += 1
    assert seen > 20


def test_the_original_price_is_above_the_price() -> None:
    for seed in range(300):
        product = make_product(random.Random(seed))
        if product.original:
            assert Decimal(product.original) > Decimal(product.price)
        if product.coupon:
            assert Decimal(product.coupon) < Decimal(product.price)


def test_copy_rests_on_what_is_printed(pages: list[Page]) -> None:
    for page, question in asked(pages, "copy"):
        told = CopyResult.model_validate_json(question.answer)
        assert told.facts
        assert COPY.score(Truth(question.answer, question.values), question.answer) == 1.0, (page.seed, question)


def test_either_or_is_answered_by_what_is_shown(pages: list[Page]) -> None:
    for page, question in asked(pages, "choice"):
        told = question.values[0]
        if "货" in told:
            assert (page.fields["stock"] == "0") == (told == "无货")
        else:
            assert ("free" in page.fields) == (told == "包邮")


def test_records_hold_what_is_shown(pages: list[Page]) -> None:
    for page, question in asked(pages, "record"):
        assert all(value is None or value in whole(page) for value in json.loads(question.answer).values())


def test_what_is_missing_is_not_shown(pages: list[Page]) -> None:
    for page, question in asked(pages, "unanswerable"):
        assert question.absent
        named = [name for name, meaning in MEANINGS.items() if any(noun in question.answer for noun in meaning.nouns)]
        assert not any(name in page.fields and name not in ("title", "price") for name in named[:1]), (
            page.seed,
            question,
        )


def test_there_are_thousands_of_wordings() -> None:
    rng = random.Random(1)
    assert len({wording(rng, MEANINGS["price"]) for _ in range(4000)}) > 1500
