"""Texts that break rules are many, mild, say why, and have harmless neighbours."""

from __future__ import annotations

import random

import pytest

from kantu.synth.words import moderation, vocabulary
from kantu.synth.words.grammar import Said, expand
from kantu.synth.words.moderation import CATEGORIES, UNCLEAR
from kantu.tasks.results import Category

_ALPHABET = {*vocabulary.HAN, *vocabulary.PUNCTUATION, "·", *map(chr, range(0x20, 0x7F))}


def test_a_pattern_says_which_words_and_slots_it_used() -> None:
    said = expand(random.Random(1), "[买|卖]{<what>[呀|吗]}", {"what": lambda rng: "鱼"})
    assert said in {Said(f"{a}鱼{b}", (f"鱼{b}",), ("what",)) for a in "买卖" for b in "呀吗"}


def test_the_categories_are_those_of_the_task() -> None:
    assert set(CATEGORIES) == {category.value for category in Category} - {"其他"}


@pytest.mark.parametrize("category", [*CATEGORIES, UNCLEAR])
def test_violations_are_many_and_name_their_evidence(category: str) -> None:
    rng = random.Random(category)
    drawn = [moderation.violating(rng, category) for _ in range(300)]
    assert len({passage.text for passage in drawn}) > (50 if category == UNCLEAR else 150)
    for passage in drawn:
        assert passage.category == category
        assert passage.evidence
        assert all(words in passage.text for words in passage.evidence)
        assert max(map(len, passage.evidence)) <= 60
        assert set(passage.text) <= _ALPHABET, passage.text
        assert not set("[]{}|<>") & set(passage.text)


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_harmless_neighbours(category: str) -> None:
    rng = random.Random(category)
    drawn = [moderation.harmless(rng, category) for _ in range(300)]
    assert len({passage.text for passage in drawn}) > 100
    for passage in drawn:
        assert (passage.category, passage.evidence) == ("", ())
        assert set(passage.text) <= _ALPHABET, passage.text
        assert not set("[]{}|<>") & set(passage.text)


def test_accounts_cannot_be_guessed() -> None:
    rng = random.Random(2)
    assert len({moderation.contact(rng) for _ in range(500)}) > 495
