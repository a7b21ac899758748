"""Turns, and whether the last of them asks something."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.processing.conversation import Conversation, Turn, check_question

SYSTEM = Turn("system", "读出订单号。")
PICTURE = Turn("user", (None,))


@pytest.mark.parametrize(
    ("role", "content", "code"),
    [
        ("robot", "你好", "invalid_turn"),
        ("developer<|im_end|>", "你好", "invalid_turn"),
        (None, "你好", "invalid_turn"),
        ("user", None, "invalid_turn"),
        ("user", 3, "invalid_turn"),
        ("user", ["你好"], "invalid_turn"),  # a list could change
        ("user", (3,), "invalid_turn"),
        ("user", "坏\ud800字", "invalid_text"),
        ("user", (None, "坏\udfff字"), "invalid_text"),
    ],
)
def test_a_turn_is_checked_when_made(role: Any, content: Any, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Turn(role, content)
    assert caught.value.code == code


def test_texts_and_pictures_are_told_apart() -> None:
    turn = Turn("user", ("看", None, None, " "))
    assert (turn.texts, turn.image_count, turn.says_something) == (("看", " "), 2, True)
    assert (PICTURE.texts, PICTURE.image_count, PICTURE.says_something) == ((), 1, False)
    assert (SYSTEM.texts, SYSTEM.image_count) == (("读出订单号。",), 0)


def test_a_turn_goes_between_processes() -> None:
    turn = Turn("user", ("看", None))
    assert pickle.loads(pickle.dumps(turn)) == turn


@pytest.mark.parametrize(
    "turns",
    [
        (Turn("user", "这是什么？"),),
        (Turn("user", (None, "这是什么？")),),
        (SYSTEM, PICTURE),
        (Turn("user", "下一张是什么？"), Turn("assistant", "请发来。"), PICTURE),
        (Turn("user", "一"), Turn("assistant", ""), Turn("user", "二")),
    ],
)
def test_something_is_asked(turns: tuple[Turn, ...]) -> None:
    check_question(Conversation(turns))


@pytest.mark.parametrize(
    ("turns", "param"),
    [
        ((Turn("user", " \n"),), "messages.0.content"),
        ((PICTURE,), "messages.0.content"),
        ((Turn("user", (None, "  ")),), "messages.0.content"),
        ((Turn("system", " "), PICTURE), "messages.1.content"),
        ((PICTURE, Turn("assistant", "一张图。"), PICTURE), "messages.2.content"),  # what the model said asks nothing
        ((SYSTEM, Turn("user", " ")), "messages.1.content"),  # about nothing
        ((Turn("user", ()),), "messages.0.content"),
    ],
)
def test_nothing_is_asked(turns: tuple[Turn, ...], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_question(Conversation(turns))
    assert (caught.value.code, caught.value.param) == ("empty_question", param)


def test_the_last_word_is_the_user_s() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_question(Conversation((Turn("user", "一"), Turn("assistant", "二"))))
    assert (caught.value.code, caught.value.param) == ("invalid_messages", "messages.1.role")
