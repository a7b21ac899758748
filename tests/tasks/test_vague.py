"""Questions that point at nothing get better ones; all others are left alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kantu.synth.families import FAMILIES, draw
from kantu.tasks import vague as rules
from kantu.tasks.vague import vague

POINTLESS, POINTED = (
    [question for line in part.splitlines() if not line.startswith("#") for question in line.split()]
    for part in Path(__file__).with_name("vague.txt").read_text("utf-8").split("----\n")
)


@pytest.mark.parametrize("question", ["它是什么？", "这个呢？", "怎么样？", "什么意思", "请问，那个到底是什么呢？"])
def test_who_points_at_nothing_is_told_what_to_ask(question: str) -> None:
    suggested = vague(question)
    assert suggested is not None
    assert len(suggested) == 3


@pytest.mark.parametrize(
    "question", ["这是什么？", "“什么”是什么意思", "左边那个呢", "红的呢", "A款呢", "3呢", "看看", ""]
)
def test_the_picture_a_place_a_colour_and_a_quoted_text_are_something(question: str) -> None:
    assert vague(question) is None


def test_what_is_suggested_fits_the_question_and_is_not_vague_itself() -> None:
    reasons, amounts = vague("为什么呢"), vague("多少？")
    assert reasons is not None
    assert amounts is not None
    assert reasons != amounts
    suggested = [question for _, questions in rules._BETTER for question in questions] + list(rules._ANY)
    assert [question for question in suggested if vague(question)] == []


def test_nearly_all_vague_questions_are_found_and_no_other() -> None:
    assert len(POINTLESS) >= 250
    assert len(POINTED) >= 350
    assert [question for question in POINTED if vague(question)] == []
    missed = [question for question in POINTLESS if not vague(question)]
    assert len(missed) <= 0.03 * len(POINTLESS), missed


@pytest.mark.parametrize("family", FAMILIES)
def test_no_question_that_a_model_was_taught_to_answer_is_vague(family: str) -> None:
    for seed in range(5):
        page = draw(family, 90_000 + seed)
        more = page.more(random.Random(seed), 40) if page.more else ()
        asked = [each for each in (*page.questions, *more) if each.kind != "vague"]  # these sum the picture up
        assert [each.question for each in asked if vague(each.question)] == []


def test_a_long_run_of_empty_words_is_decided_at_once() -> None:
    assert vague("是" * 10_000 + "图") is None
