"""Phone screenshots show what they state, agree with themselves, and are asked for nothing that they do not show."""

from __future__ import annotations

import calendar
import json
import random
import re
from collections import Counter

import pytest

from kantu.synth.draw import effects
from kantu.synth.draw.distractors import ROLES
from kantu.synth.facts import Pair, Table
from kantu.synth.families import draw
from kantu.synth.families.phone.makers import MAKERS
from kantu.synth.families.phone.phrases import ALIKE, MEANINGS
from kantu.synth.families.phone.questions import Shown, meanings
from kantu.synth.families.phone.screens import Rows, Values, kinds, make_screen, nouns, options
from kantu.synth.page import Page
from kantu.tasks.builtin import TASKS
from tests.synth.families.everyday import (
    asked,
    assert_drawn_well,
    assert_facts_are_printed,
    assert_truth_is_whole,
    printed,
    unworn,
)

pytestmark = [pytest.mark.whole, pytest.mark.usefixtures("needs_fonts")]

SIZE = (384, 800)


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """Two hundred screens as they were drawn, before any wear that tilts their boxes."""
    return unworn("phone", range(200), SIZE)


def test_pages_are_drawn_and_asked_well(pages: list[Page]) -> None:
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=6)


def test_every_value_is_printed_where_its_lines_say(pages: list[Page]) -> None:
    assert_facts_are_printed(pages)


def test_answers_of_fields_stand_on_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "field"):
        assert all(value in printed(page) for value in question.values), (page.seed, question)


def test_counts_are_of_rows_that_are_drawn(pages: list[Page]) -> None:
    for page, question in asked(pages, "count"):
        tables = [fact for fact in page.facts if isinstance(fact, Table)]
        cells = [Counter(cell for row in table.rows for cell in row) for table in tables]
        found = {str(len(table.rows)) for table in tables}
        found |= {str(number) for counted in cells for number in counted.values()}
        assert question.values[0] in found, (page.seed, question)


def test_what_is_most_is_a_row_of_the_page(pages: list[Page]) -> None:
    for page, question in asked(pages, "compare"):
        names = {row[0] for fact in page.facts if isinstance(fact, Table) for row in fact.rows}
        assert question.values[0] in names, (page.seed, question)


def test_the_row_with_the_highest_number_is_named(pages: list[Page]) -> None:
    checked = 0
    for page, question in asked(pages, "compare"):
        for column, (most, least) in (("分数", ("高", "低")), ("大小", ("大", "小")), ("距离", ("远", "近"))):
            tables = [fact for fact in page.facts if isinstance(fact, Table) and column in fact.header]
            picks = [pick for word, pick in ((most, max), (least, min)) if f"{column}最{word}" in question.question]
            if tables and picks:
                at = tables[0].header.index(column)
                best = picks[0](tables[0].rows, key=lambda row: float(re.sub(r"[^\d.]", "", row[at])))
                assert question.values == (best[0],), question
                checked += 1
    assert checked


def test_what_is_missing_is_not_shown_under_another_word(pages: list[Page]) -> None:
    for page, question in asked(pages, "unanswerable"):
        assert question.absent
        shown = {fact.name for fact in page.facts if isinstance(fact, Pair)}
        named = [name for name, meaning in MEANINGS.items() if any(word in question.question for word in meaning.nouns)]
        for name in named:
            only = [noun for noun in MEANINGS[name].nouns if noun in question.question]
            longer = [
                noun
                for other in named
                for noun in MEANINGS[other].nouns
                if noun in question.question and any(word in noun and word != noun for word in only)
            ]
            if not longer:
                assert name not in shown, question
                assert not any(name in group and group & shown for group in ALIKE), question


def test_records_hold_what_is_printed_and_null_where_nothing_is(pages: list[Page]) -> None:
    nulls = 0
    for page, question in [*asked(pages, "record"), *asked(pages, "task")]:
        assert TASKS[question.task].parse(question.answer) is not None, question
        if question.task == "extract":
            record = json.loads(question.answer)
            nulls += None in record.values()
            assert all(key in question.question for key in record), question
            assert all(value is None or value in printed(page) for value in record.values()), question
    assert nulls > 5


def test_choices_offer_what_is_true_and_what_is_not(pages: list[Page]) -> None:
    for _, question in asked(pages, "choice"):
        assert question.values[0] in question.question, question
        assert all(bad in question.question and bad not in question.answer for bad in question.forbidden), question


def test_words_that_could_mean_two_values_are_not_used() -> None:
    pairs = [Pair("手续费", "¥3.00", "money", "fee"), Pair("", "-12.40", "money", "amount")]
    alone, both = meanings(pairs[1:], ()), meanings(pairs, ())
    assert "多少钱" in alone["amount"].asked
    assert "amount" not in both
    assert both["fee"].nouns == ("手续费",)


def test_a_column_is_no_word_for_a_value() -> None:
    rng = random.Random(3)
    while True:
        found = [part for part in make_screen(rng).parts if isinstance(part, Rows) and "气温" in part.columns]
        if found:
            break
    shown = Shown(found[0], Table(found[0].columns, found[0].rows))
    assert "气温" in meanings((), ())["temperature"].nouns
    assert "气温" not in meanings((), (shown,))["temperature"].nouns


def test_weekdays_are_those_of_the_calendar(pages: list[Page]) -> None:
    checked = 0
    for page in pages:
        shown = page.fields
        for question in page.questions:
            day = re.search(r"(\d+)[号日]是?(星期|周|礼拜)几", question.question)
            if day and "chosen" in shown:
                year, month = (int(part) for part in re.findall(r"\d+", shown["month"]))
                assert question.values == ("一二三四五六日"[calendar.weekday(year, month, int(day[1]))],), question
                checked += 1
    assert checked


def test_readings_differ_by_what_was_used() -> None:
    rng = random.Random(4)
    checked = 0
    for _ in range(1500):
        told = {p.name: p.value for part in make_screen(rng).parts if isinstance(part, Values) for p in part.pairs}
        if {"last", "now", "usage"} <= told.keys():
            assert f"{int(told['now']) - int(told['last'])}度" == told["usage"]
            checked += 1
    assert checked > 3


def test_rows_begin_each_in_their_own_way_and_times_go_back() -> None:
    rng = random.Random(6)
    for _ in range(400):
        for part in make_screen(rng).parts:
            if isinstance(part, Rows):
                names = [row[0] for row in part.rows]
                assert len(set(names)) == len(names)
                assert len(part.columns) == len(part.kinds) == len(part.rows[0])
            if isinstance(part, Rows) and part.form == "steps":
                times = [[int(number) for number in re.findall(r"\d+", row[1])] for row in part.rows]
                assert times == sorted(times, reverse=True) or len({time[0] for time in times}) > 1


def test_every_value_has_a_meaning_and_every_meaning_a_screen() -> None:
    assert set(kinds()) == set(MEANINGS)
    assert {name for group in ALIKE for name in group} <= set(MEANINGS)
    assert set(options()) <= set(MEANINGS)


def test_every_kind_of_screen_comes_up() -> None:
    rng = random.Random(8)
    seen = Counter(make_screen(rng).noun for _ in range(2000))
    assert set(seen) == set(nouns())
    assert len(seen) >= 36
    assert len(MAKERS) > 60


def test_screens_are_framed_as_phones_are_and_laid_out_in_many_ways(pages: list[Page]) -> None:
    assert sum("clock" in page.fields for page in pages) > 150
    assert sum(page.elements != () for page in pages) > 150
    lefts = {tuple(round(line.box[0] / 30) for line in page.lines if line.role not in ROLES)[:8] for page in pages}
    assert len(lefts) > 150


@pytest.mark.parametrize("size", [(256, 256), (320, 512), (544, 1184), (770, 1220), (1080, 2340)])
def test_small_and_large_screens_are_whole(size: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "degrade", lambda page, rng: page)
        pages = [draw("phone", seed, size) for seed in range(25)]
    assert {page.image.size for page in pages} == {size}
    assert_drawn_well(pages)
    assert_truth_is_whole(pages, least=5)
