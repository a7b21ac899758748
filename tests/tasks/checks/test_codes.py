"""Codes: length, characters, check digits; a `*` hides a character."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.synth.words import figures
from kantu.tasks.checks import codes
from kantu.tasks.checks.forms import FORMS
from kantu.tasks.problem import Problem

SEEDS = st.integers(0, 10_000).map(random.Random)


def code_of(problem: Problem | None) -> str:
    return problem.code if problem else ""


@pytest.mark.parametrize(
    ("form", "text", "code"),
    [
        ("order_number", "260301-123456789012345", ""),
        ("order_number", "12345", "order_number_length"),
        ("order_number", "1" * 33, "order_number_length"),
        ("order_number", "DD2026号", "order_number_characters"),
        ("order_number", "ABCDEFGH", "order_number_characters"),
        ("tracking_number", "SF1234567890123", ""),
        ("tracking_number", "JDVA0012345-1-1", ""),
        ("tracking_number", "SF12345", "tracking_number_length"),
        ("invoice_number", "No.12345678", ""),
        ("invoice_number", "26312000001234567890", ""),
        ("invoice_number", "2631200000123456789", "invoice_number_length"),
        ("invoice_number", "1234567O", "invoice_number_characters"),
        ("invoice_code", "031002600111", ""),
        ("invoice_code", "03100260011", "invoice_code_length"),
        ("credit_code", "91110108551385082Q", ""),
        ("credit_code", "9111010855138508Q", "credit_code_length"),
        ("credit_code", "91110108551385082O", "credit_code_characters"),
        ("credit_code", "91A10108551385082Q", "credit_code_region"),
        ("credit_code", "91110108551385028Q", "credit_code_check"),
        ("credit_code", "9111010855****082Q", ""),
        ("taxpayer_number", "110108551385082", ""),
        ("taxpayer_number", "11010519491231002X", ""),
        ("taxpayer_number", "9111010855138508Q", "credit_code_length"),
        ("identity_number", "11010519491231002X", ""),
        ("identity_number", "110105194912310021", "identity_number_check"),
        ("identity_number", "11010519490231002X", "identity_number_date"),
        ("identity_number", "1101051949****002X", ""),
        ("identity_number", "1101051949***002X", "identity_number_length"),
        ("identity_number", "110105491231002", ""),
        ("identity_number", "1101051949l231002X", "identity_number_characters"),
        ("bank_card", "6222 0212 3456 7890 128", ""),
        ("bank_card", "6222 0212 3456 7890 129", "bank_card_check"),
        ("bank_card", "6222 **** **** 7890", ""),
        ("bank_card", "尾号7890", ""),
        ("bank_card", "62220212345", "bank_card_length"),
        ("bank_card", "6222O212345678901", "bank_card_characters"),
        ("phone", "138****1234", ""),
        ("phone", "138****123", "phone_length"),
        ("phone", "+86 138 1234 5678", ""),
        ("phone", "138123456789", "phone_length"),
        ("phone", "010-88889999、400-123-4567", ""),
        ("phone", "(0755) 1234567", ""),
        ("phone", "13812345678/1381234567", "phone_length"),
        ("phone", "88-99", "phone_form"),
        ("phone", "l3812345678", "phone_characters"),
    ],
)
def test_a_code_has_its_form_or_is_told_why_not(form: str, text: str, code: str) -> None:
    assert code_of(FORMS[form](text)) == code


def test_the_message_tells_what_was_expected_and_what_was_read() -> None:
    length = codes.credit_code("9111010855138508Q")
    assert length is not None
    assert "18 位" in length.message
    assert "17 位" in length.message
    check = codes.credit_code("91110108551385082R")
    assert check is not None
    assert "“Q”" in check.message


@given(SEEDS, st.integers(0, 17), st.data())
def test_a_credit_code_with_any_character_changed_fails(rng: random.Random, place: int, data: st.DataObject) -> None:
    code = figures.tax_id(rng)
    assert codes.credit_code(code) is None
    other = data.draw(st.sampled_from(codes.CREDIT_SIGNS.replace(code[place], "")))
    assert codes.credit_code(code[:place] + other + code[place + 1 :]) is not None


@given(st.text("0123456789", min_size=14, max_size=18), st.integers(0, 17), st.integers(1, 9))
def test_a_card_number_with_any_digit_changed_fails(body: str, place: int, more: int) -> None:
    number = body + figures.luhn_digit(body)
    assert codes.bank_card(number) is None
    place %= len(number)
    changed = number[:place] + str((int(number[place]) + more) % 10) + number[place + 1 :]
    assert code_of(codes.bank_card(changed)) == "bank_card_check"


@given(st.dates(), st.integers(110000, 659999), st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_an_identity_number_has_one_check_digit(born: object, region: int, own: int, place: int, more: int) -> None:
    body = f"{region}{str(born).replace('-', '')}{own:03d}"
    (check,) = (sign for sign in "0123456789X" if codes.identity_number(body + sign) is None)
    changed = body[:place] + str((int(body[place]) + more) % 10) + body[place + 1 :]
    assert codes.identity_number(changed + check) is not None
