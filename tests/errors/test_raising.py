"""`error` makes an error of a row; `blaming` says which part of a request is at fault."""

from __future__ import annotations

import math
import pickle

import pytest

from kantu.errors import (
    EngineError,
    ImageError,
    KantuError,
    LimitExceededError,
    NotFoundError,
    OverloadedError,
    PromptTooLongError,
    Words,
    blaming,
    error,
    listed,
    row_of,
)


def test_an_error_has_the_class_the_code_and_the_words_of_its_row() -> None:
    made = error("image_too_thin", cap=200)
    assert type(made) is ImageError
    assert (made.code, made.param) == ("image_too_thin", None)
    assert made.message == "图片过于细长：长边最多是短边的 200 倍。"
    assert made.message_en == "The image is too thin: the longer side may be at most 200 times the shorter."


def test_a_variant_has_the_code_without_its_own_name() -> None:
    made = error("prompt_too_long.at_least", least=300, most=256)
    assert (type(made), made.code, made.param) == (PromptTooLongError, "prompt_too_long", "messages")


def test_a_value_may_be_said_otherwise_in_english() -> None:
    made = error("invalid_key_endpoints", endpoints=listed(["chat", "files"]))
    assert "chat、files" in made.message
    assert "chat, files" in made.message_en
    made = error("output_not_written", why=Words("磁盘已满", "the disk is full"))
    assert (made.message, made.message_en[-17:]) == ("输出没有写完：磁盘已满。", "the disk is full.")


def test_param_is_the_row_s_or_a_value_of_the_message_or_given() -> None:
    assert error("empty_question").param is None
    assert error("empty_question", param="question").param == "question"
    assert error("invalid_key_limits", name="requests_per_day").param == "requests_per_day"
    missing = error("missing_parameter", param="model")
    assert (missing.param, missing.message) == ("model", "缺少参数：model。")


def test_when_to_come_back_is_the_row_s_or_given_and_the_message_may_say_it() -> None:
    full = error("too_many_in_flight")
    assert isinstance(full, OverloadedError)
    assert full.retry_after_seconds == 1.0
    busy = error("overloaded", retry_after_seconds=1.2)
    assert isinstance(busy, OverloadedError)
    assert (busy.retry_after_seconds, busy.message) == (1.2, "排队的请求太多，请在 2 秒后重试。")
    never = error("request_limit_exceeded", limit=1, period="每天", whose="这个密钥", retry_after_seconds=math.inf)
    assert isinstance(never, LimitExceededError)
    assert math.isinf(never.retry_after_seconds)


def test_an_error_of_a_row_survives_pickling() -> None:
    made = error("overloaded", retry_after_seconds=2.5)
    copy = pickle.loads(pickle.dumps(made))
    assert type(copy) is type(made)
    assert vars(copy) == vars(made)


def test_the_row_of_a_code_is_the_plain_one_or_a_variant() -> None:
    plain, variant, unknown = row_of("prompt_too_long"), row_of("suite_invalid"), row_of("no_such_code")
    assert plain is not None
    assert "加上要生成的" in plain.zh
    assert variant is not None
    assert unknown is None


@pytest.mark.parametrize(
    ("kind", "param"), [(ImageError, "images.1"), (NotFoundError, "images.1"), (EngineError, "images")]
)
def test_only_errors_of_the_request_are_blamed_on_a_part_of_it(kind: type[KantuError], param: str) -> None:
    with pytest.raises(kind) as caught, blaming("images.1"):
        raise kind("some_code", "中文。", "English.", param="images")
    assert caught.value.param == param


def test_a_message_begins_with_what_a_person_calls_the_thing_unless_it_says_it() -> None:
    name = Words("b.png", "b.png")
    with pytest.raises(ImageError) as caught, blaming("images.1", name):
        raise error("image_damaged")
    assert str(caught.value).startswith("b.png：")
    assert caught.value.message_en.startswith("b.png: ")
    with pytest.raises(ImageError) as caught, blaming("images.1", name):
        raise error("image_not_found", path="b.png")
    assert caught.value.message == "找不到图片文件：b.png"
