"""Papers about money add up, carry valid numbers, and are asked for nothing that they do not state."""

from __future__ import annotations

import json
import random
import re
from collections import Counter

import pytest

from kantu.synth.draw import effects
from kantu.synth.draw.distractors import ROLES
from kantu.synth.facts import Pair
from kantu.synth.families import draw
from kantu.synth.families.invoice.makers import make_paper
from kantu.synth.families.invoice.phrases import ALIKE, MEANINGS
from kantu.synth.families.invoice.words import LABELS
from kantu.synth.page import Page
from kantu.synth.words.figures import check_character, in_words, luhn_digit
from kantu.tasks.builtin import TASKS
from tests.synth.families.everyday import (
    asked,
    assert_drawn_well,
    assert_facts_are_printed,
    assert_truth_is_whole,
    printed,
    unworn,
)

pytestmark = [pytest.mark.usefixtures("needs_fonts"), pytest.mark.whole]


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """A hundred and fifty papers as they were drawn, before any wear that tilts their boxes."""
    return unworn("invoice", range(150))


def cents(sum_: str) -> int:
    return round(float(re.sub(r"[^\d.-]", "", sum_)) * 100)


def test_pages_are_drawn_and_asked_well(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=5)


def test_every_value_is_printed_where_its_lines_say(pages: list[Page]) -> None:
    assert_facts_are_printed(pages)


def test_answers_of_fields_stand_on_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "field"):
        seal = [element.label for element in page.elements if element.kind == "seal"]
        for value in question.values:
            assert value in printed(page) or any(value in label for label in seal), question


def test_sums_add_up() -> None:
    rng = random.Random(5)
    kinds: Counter[str] = Counter()
    for _ in range(300):
        paper = make_paper(rng, 5)
        kinds[paper.kind] += 1
        value = {pair.name: pair.value for pair in paper.pairs}
        assert {pair.name: cents(pair.value) for pair in paper.pairs if pair.name in paper.numbers} == paper.numbers
        if paper.table and "金额" in paper.table.header:
            column = paper.table.header.index("金额")
            goods = sum(cents(row[column]) for row in paper.table.rows)
            assert goods == paper.numbers.get("net", paper.numbers.get("whole", paper.numbers["total"]))
        if paper.kind == "vat":
            assert paper.numbers["net"] + paper.numbers["tax"] == paper.numbers["total"]
        if "change" in value:
            assert cents(value["paid"]) - cents(value["total"]) == cents(value["change"])
        if "words" in value:
            assert value["words"] == in_words(paper.numbers["total"])
    assert len(kinds) == 8


def test_numbers_carry_their_check_digits() -> None:
    rng = random.Random(6)
    seen: Counter[str] = Counter()
    for _ in range(200):
        for pair in make_paper(rng, 3).pairs:
            seen[pair.name] += 1
            if pair.name.endswith("_tax"):
                assert check_character(pair.value[:17]) == pair.value[17:]
            if pair.name.endswith("_account"):
                assert luhn_digit(pair.value[:-1]) == pair.value[-1]
            if pair.name == "number":
                assert len(pair.value) in (8, 20)
    assert seen["buyer_tax"] > 20
    assert seen["payer_account"] > 5


def test_what_is_missing_is_not_shown_under_another_word(pages: list[Page]) -> None:
    nouns = {noun: name for name, meaning in MEANINGS.items() for noun in meaning.nouns}
    for page, question in asked(pages, "unanswerable"):
        assert question.absent
        shown = {fact.name for fact in page.facts if isinstance(fact, Pair)}
        name = next((nouns[noun] for noun in sorted(nouns, key=len, reverse=True) if noun in question.answer), None)
        if name:
            assert name not in shown, question
            assert not any(name in group and group & shown for group in ALIKE), question


def test_records_hold_what_is_printed_and_null_where_nothing_is(pages: list[Page]) -> None:
    tasks: Counter[str] = Counter()
    for page, question in [*asked(pages, "record"), *asked(pages, "task")]:
        tasks[question.task] += 1
        assert TASKS[question.task].parse(question.answer) is not None, question
        if question.task == "extract":
            record = json.loads(question.answer)
            assert all(key in question.question for key in record), question
            assert all(value is None or value in printed(page) for value in record.values()), question
    assert set(tasks) >= {"extract", "locate", "read"}


def test_arithmetic_states_its_steps(pages: list[Page]) -> None:
    for page, question in asked(pages, "arithmetic"):
        step = re.match(r"([\d,.]+)([+-])([\d,.]+)=([\d,.]+)", question.answer)
        if step:
            first, second, result = (cents(step[index]) for index in (1, 3, 4))
            assert (first + second if step[2] == "+" else first - second) == result, question
        assert question.values[0] in printed(page)


def test_every_label_has_a_meaning_and_every_meaning_a_paper() -> None:
    assert set(LABELS) - set(MEANINGS) == {"vat_total", "vat_words"}
    rng = random.Random(7)
    stated = {pair.name for _ in range(600) for pair in make_paper(rng, 4).pairs}
    assert stated == set(MEANINGS)


def test_papers_are_laid_out_in_many_ways(pages: list[Page]) -> None:
    lefts = {tuple(round(line.box[0] / 40) for line in page.lines if line.role not in ROLES)[:8] for page in pages}
    assert len(lefts) > 100
    assert sum(any(element.kind == "seal" for element in page.elements) for page in pages) > 20


@pytest.mark.parametrize("size", [(256, 256), (300, 700), (600, 300), (770, 1220)])
def test_small_and_large_papers_are_whole(size: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "degrade", lambda page, rng: page)
        pages = [draw("invoice", seed, size) for seed in range(25)]
    assert {page.image.size for page in pages} == {size}
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=3)
