"""What contenders share."""

from __future__ import annotations

import math

import pytest

from kantu.contenders.contender import Reply, Said, mean_probability, messages


def test_pictures_stand_before_the_first_words_of_the_user() -> None:
    history = (Said("system", "你是客服"), Said("user", "这是什么"), Said("assistant", "订单"))
    told = messages([b"1", b"2"], "多少钱", history)
    shown = [{"type": "image", "image": b"1"}, {"type": "image", "image": b"2"}]
    assert told == [
        {"role": "system", "content": "你是客服"},
        {"role": "user", "content": [*shown, {"type": "text", "text": "这是什么"}]},
        {"role": "assistant", "content": "订单"},
        {"role": "user", "content": "多少钱"},
    ]
    assert messages([], "你好", ()) == [{"role": "user", "content": "你好"}]


def test_tokens_that_were_forced_say_nothing_of_how_sure_an_answer_is() -> None:
    assert mean_probability([math.log(0.5), 0.0, math.log(0.5)]) == pytest.approx(0.5)
    assert mean_probability([0.0, 0.0]) is None


def test_the_time_of_a_token_leaves_the_first_out() -> None:
    assert Reply("", 2.0, 5.0, 4).tpot_seconds == 1.0
    assert Reply("", 2.0, 2.0, 1).tpot_seconds == 0.0
