"""Sums in words, tax ids and account numbers."""

from __future__ import annotations

import random

import pytest

from kantu.synth.words.figures import account, check_character, in_words, luhn_digit, tax_id, yuan


@pytest.mark.parametrize(
    ("cents", "words"),
    [
        (12340, "壹佰贰拾叁元肆角整"),
        (12345, "壹佰贰拾叁元肆角伍分"),
        (10005, "壹佰元零伍分"),
        (0, "零元整"),
        (40, "肆角整"),
        (7, "柒分"),
        (100, "壹元整"),
        (1000, "壹拾元整"),
        (100100, "壹仟零壹元整"),
        (1000100, "壹万零壹元整"),
        (1050000, "壹万零伍佰元整"),
        (1500000, "壹万伍仟元整"),
        (100000000, "壹佰万元整"),
        (10203040506, "壹亿零贰佰零叁万零肆佰零伍元零陆分"),
        (1000000000000, "壹佰亿元整"),
    ],
)
def test_sums_are_written_as_cheques_write_them(cents: int, words: str) -> None:
    assert in_words(cents) == words


def test_the_check_character_is_that_of_registered_companies() -> None:
    for code in (
        "91350100M000100Y43",
        "911100007109250324",
        "91440300708461136T",
    ):
        assert check_character(code[:17]) == code[17]


def test_invented_tax_ids_are_whole_and_rarely_alike() -> None:
    rng = random.Random(1)
    codes = [tax_id(rng) for _ in range(200)]
    assert len(set(codes)) == 200
    assert all(len(code) == 18 and check_character(code[:17]) == code[17] for code in codes)


def test_account_numbers_end_with_their_check_digit() -> None:
    assert luhn_digit("7992739871") == "3"
    rng = random.Random(2)
    for _ in range(50):
        number = account(rng)
        assert 16 <= len(number) <= 20
        assert luhn_digit(number[:-1]) == number[-1]


def test_sums_in_digits_have_two_decimals() -> None:
    assert yuan(5) == "0.05"
    assert yuan(-1234567) == "-12345.67"
    assert yuan(123456789, grouped=True) == "1,234,567.89"
