"""Amounts, numbers and percentages in digits, sums in words."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.synth.words.figures import in_words, yuan
from kantu.tasks.checks import sums
from kantu.tasks.checks.forms import FORMS


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("¥1,234.50", "1234.50"),
        ("￥ 1234.5 元", "1234.5"),
        ("-¥3", "-3"),
        ("¥-3.00", "-3.00"),
        ("1.2万元", "12000"),
        ("99元起", "99"),
        ("1,23.4", None),
        ("¥l2.5", None),
        ("免费", None),
        ("12.3.4", None),
        ("¥99-199", None),
    ],
)
def test_an_amount_has_one_value_or_none(text: str, value: str | None) -> None:
    assert sums.read_amount(text) == (Decimal(value) if value else None)


@pytest.mark.parametrize(
    ("form", "text", "code"),
    [
        ("amount", "¥1,234.50", ""),
        ("amount", "1,23.4", "amount_grouping"),
        ("amount", "12,3456.00", "amount_grouping"),
        ("amount", "1O0.00", "amount_form"),
        ("amount", "12.345", "amount_decimals"),
        ("unit_price", "12.34567元/件", ""),
        ("unit_price", "12..5", "amount_form"),
        ("quantity", "×3", ""),
        ("quantity", "2.5kg", ""),
        ("quantity", "500+", ""),
        ("quantity", "三", "quantity_form"),
        ("percentage", "12.5%", ""),
        ("percentage", "12.5", "percentage_form"),
        ("amount_in_words", "壹仟贰佰叁拾肆元伍角整", ""),
        ("amount_in_words", "壹佰伍元整", "amount_in_words_form"),
    ],
)
def test_a_number_has_its_form_or_is_told_why_not(form: str, text: str, code: str) -> None:
    problem = FORMS[form](text)
    assert (problem.code if problem else "") == code


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("人民币（大写）：叁拾元整", "30"),
        ("⊗贰仟圆正", "2000"),
        ("壹仟贰佰零拾零元零角零分", "1200"),
        ("壹万零伍佰元整", "10500"),
        ("拾元整", "10"),
        ("伍角", "0.5"),
        ("叁元零伍分", "3.05"),
        ("（负数）壹佰元整", "-100"),
        ("一千二百三十四元五角", "1234.5"),
        ("壹佰伍拾陆仟元", None),  # the places do not fall
        ("壹佰伍元整", None),  # 零 is missing
        ("壹佰零零伍元整", None),
        ("壹贰元整", None),
        ("壹佰整", None),  # no 元
        ("元整", None),
        ("", None),
    ],
)
def test_words_have_one_value_or_are_not_well_formed(words: str, value: str | None) -> None:
    assert sums.read_words(words) == (Decimal(value) if value else None)


@given(st.integers(0, 10**14 - 1))
def test_words_and_digits_say_the_same(cents: int) -> None:
    assert sums.read_words(in_words(cents)) == sums.read_amount(yuan(cents)) == Decimal(cents) / 100
    assert sums.read_amount(yuan(cents, grouped=True)) == Decimal(cents) / 100


@given(st.text("零壹贰叁伍玖拾佰仟万亿元角分整", max_size=12))
def test_words_never_fail_and_never_say_two_things(words: str) -> None:
    value = sums.read_words(words)
    if value is not None:
        assert sums.read_words(in_words(int(value * 100))) == value
