"""One thing is said in very many ways."""

from __future__ import annotations

import random

from kantu.synth.words.wording import expand, told, worded


def test_a_pattern_is_one_of_its_alternatives_and_groups_nest() -> None:
    rng = random.Random(0)
    assert {expand(rng, "[a|b[c|d]|]e") for _ in range(200)} == {"ae", "bce", "bde", "e"}


def test_slots_are_filled_after_the_alternatives_and_kept_as_they_are() -> None:
    rng = random.Random(1)
    assert {told(rng, ("[是|]{v}",), v="[3|4]") for _ in range(50)} == {"是[3|4]", "[3|4]"}


def test_a_few_patterns_make_hundreds_of_questions_that_keep_what_is_asked_for() -> None:
    rng = random.Random(2)
    patterns = ("{x}[是多少|多少|有多少]", "[读出|查一下]{x}[的数值|]")
    made = {worded(rng, patterns, x="三月") for _ in range(2000)}
    assert len(made) > 200
    assert all("三月" in text and "[" not in text and "|" not in text for text in made)
