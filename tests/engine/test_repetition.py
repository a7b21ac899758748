"""A loop is found when it has gone round often enough, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.engine.repetition import LoopDetector
from kantu.engine.request import MAX_PATTERN_SIZE, RepetitionStop


def repeats(tokens: list[int], rule: RepetitionStop) -> bool:
    return LoopDetector(rule, len(tokens)).push(tokens)


def naive(tokens: list[int], rule: RepetitionStop) -> bool:
    """The definition: the tokens end in some pattern, written `min_count` times."""
    patterns = (tokens[-size:] for size in range(rule.min_pattern_size, rule.max_pattern_size + 1))
    return any(
        len(pattern) * rule.min_count <= len(tokens)
        and tokens[-len(pattern) * rule.min_count :] == pattern * rule.min_count
        for pattern in patterns
        if pattern
    )


@st.composite
def rules(draw: st.DrawFn) -> RepetitionStop:
    least = draw(st.integers(1, 5))
    return RepetitionStop(least + draw(st.integers(0, 6)), least, draw(st.integers(2, 5)))


@given(st.lists(st.integers(0, 2), max_size=30), rules())
def test_it_is_the_naive_definition(tokens: list[int], rule: RepetitionStop) -> None:
    assert repeats(tokens, rule) == naive(tokens, rule)


@given(st.lists(st.lists(st.integers(0, 1), max_size=5), max_size=20), rules())
def test_it_is_so_behind_every_piece_of_an_answer(pieces: list[list[int]], rule: RepetitionStop) -> None:
    detector, tokens = LoopDetector(rule, 100), []
    for piece in pieces:
        tokens += piece
        assert detector.push(piece) == naive(tokens, rule)


def test_a_long_answer_is_not_kept() -> None:
    detector = LoopDetector(RepetitionStop(MAX_PATTERN_SIZE, min_count=2), 10**6)
    pattern = list(range(MAX_PATTERN_SIZE))
    assert not detector.push(list(range(10_000)))
    assert not detector.push([*pattern, *pattern[:-1]])
    assert detector.push(pattern[-1:])
    assert sum(part.nbytes for part in vars(detector).values() if isinstance(part, np.ndarray)) < 64 * MAX_PATTERN_SIZE


@given(st.lists(st.integers(0, 9), max_size=9), st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(2, 5))
def test_a_pattern_written_often_enough_is_found(before: list[int], pattern: list[int], count: int) -> None:
    assert repeats(before + pattern * count, RepetitionStop(6, min_count=count))


@pytest.mark.parametrize(
    ("tokens", "found"),
    [
        ([], False),
        ([1], False),
        ([1, 1, 1], False),
        ([1, 1, 1, 1], True),
        ([1, 2, 1, 2, 1, 2, 1, 2], True),
        ([1, 2, 1, 2, 1, 2, 1, 2, 9], False),  # no longer at the end
        ([1, 2, 3] * 4, False),  # longer than the longest pattern
    ],
)
def test_the_pattern_stands_at_the_end(tokens: list[int], found: bool) -> None:
    assert repeats(tokens, RepetitionStop(max_pattern_size=2)) is found


def test_a_shorter_pattern_than_the_shortest_counts_as_its_multiple() -> None:
    rule = RepetitionStop(max_pattern_size=4, min_pattern_size=3, min_count=2)
    assert not repeats([1] * 5, rule)
    assert repeats([1] * 6, rule)
