"""Codes that change every half a minute are those of RFC 6238; recovery codes are read as people type them."""

from __future__ import annotations

from base64 import b32encode
from urllib.parse import parse_qs, urlsplit

import pytest

from kantu.service.people import totp

SECRET = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(now: int, code: str) -> None:
    """Appendix B, of whose eight digits ours are the last six."""
    assert totp.code_at(SECRET, now // totp.STEP_SECONDS) == code[-6:]
    assert totp.step_of(SECRET, code[-6:], now) == now // totp.STEP_SECONDS


@pytest.mark.parametrize(("late", "found"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_wrong_by_one_step(late: int, found: bool) -> None:
    now = 1_800_000_000
    step = (now + late) // totp.STEP_SECONDS
    assert totp.step_of(SECRET, totp.code_at(SECRET, step), now) == (step if found else None)


@pytest.mark.parametrize("code", ["", "0", "看图看图看图", "\ud800" * 6, "１２３４５６"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.step_of(SECRET, code, 1_800_000_000) is None


def test_an_authenticator_is_told_all_it_needs() -> None:
    uri = urlsplit(totp.enrolment_uri(SECRET, "李雷@a"))
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Kantu:%E6%9D%8E%E9%9B%B7%40a")
    assert parse_qs(uri.query) == {"secret": [SECRET], "issuer": ["Kantu"], "digits": ["6"], "period": ["30"]}


def test_secrets_and_recovery_codes_are_fresh() -> None:
    assert len({totp.new_secret() for _ in range(20)}) == 20
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == 10
    assert not any(map(totp.is_code, codes))


@pytest.mark.parametrize("typed", ["abcd-efgh-jkmn-pqrs", "ABCDEFGHJKMNPQRS", " abcd efgh jkmn pqrs "])
def test_a_recovery_code_is_one_however_it_is_typed(typed: str) -> None:
    assert totp.recovery_digest(typed) == totp.recovery_digest("abcd-efgh-jkmn-pqrs")
