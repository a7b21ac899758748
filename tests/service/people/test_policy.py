"""What passwords may be: long, of several kinds of characters, without the name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.people.policy import PasswordPolicy
from kantu.service.people.service import new_person

PERSON = new_person(
    "per_1",
    "li.lei",
    display_name=None,
    tenant=None,
    role="member",
    password_hash="",
    now=0,
    one_time_seconds=1,
)
POLICY = PasswordPolicy(12, 3, 5)


@pytest.mark.parametrize(
    "password",
    ["Correct-Horse-9", "correct horse 9", "天气很好ABCabcdefgh", "ａｂｃＤＥＦ１２３ｘｙｚ", "Ab1" + "xyzuvw" * 20],
)
def test_these_are_strong_enough(password: str) -> None:
    POLICY.check(PERSON, password)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Aa1-Aa2-Aa3", "12 到 128"),
        ("Aa1-" * 33, "12 到 128"),
        ("abcdefghijkl", "3 类"),
        ("abcdefghijk1", "3 类"),
        ("Li.Lei-2027-x", "登录名"),
        ("aaaaaaaaaA11", "重复"),
        ("", "12 到 128"),
    ],
)
def test_these_are_not(password: str, why: str) -> None:
    with pytest.raises(InvalidRequestError, match=why) as refused:
        POLICY.check(PERSON, password)
    assert refused.value.code == "weak_password"
    assert not password or password not in str(refused.value)


def test_what_is_asked_is_set() -> None:
    PasswordPolicy(8, 1, 0).check(PERSON, "abcdefgh")
    with pytest.raises(InvalidRequestError, match="4 类"):
        PasswordPolicy(8, 4, 0).check(replace(PERSON, name="x"), "Abcdefg1")
