"""OpenAI-shaped messages: checked once for both APIs, their pictures taken out in order, nothing fetched."""

from __future__ import annotations

import base64
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from kantu.errors import ImageError, InvalidRequestError
from kantu.processing.conversation import ImageReference, Turn
from kantu.processing.messages import (
    Message,
    check_source,
    conversation_of,
    picture_name,
    read_messages,
    read_question,
)
from kantu.processing.validation import fault

OVER_HTTP = TypeAdapter(list[Message])
TEXT = {"type": "text", "text": "这是什么？"}
DATA = "data:image/png;base64," + base64.b64encode(b"first").decode()


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [*parts, TEXT]}


def url(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": value, **more}}


def refusal_in_python(messages: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        read_messages(messages)
    return caught.value


def refusal_over_http(messages: Any) -> InvalidRequestError:
    with pytest.raises(ValidationError) as caught:
        OVER_HTTP.validate_python(messages)
    error = fault(caught.value.errors(), messages, "messages")
    assert error is not None
    return error


def test_pictures_of_every_kind_come_out_in_order() -> None:
    picture = Image.new("RGB", (8, 8))
    conversation = read_messages(
        [
            {"role": "system", "content": "请用中文回答。"},
            user(url(DATA, detail="low"), {"type": "image", "image": "second.png"}),
            {"role": "assistant", "content": [{"type": "text", "text": "一张"}, {"type": "text", "text": "图。"}]},
            user({"type": "image", "image": Path("third.png"), "detail": "high"}, {"type": "image", "image": picture}),
        ]
    )
    assert conversation.turns == (
        Turn("system", "请用中文回答。"),
        Turn("user", (None, None, "这是什么？")),
        Turn("assistant", "一张图。"),
        Turn("user", (None, None, "这是什么？")),
    )
    assert conversation.images == (
        ImageReference("messages.1.content.0.image_url", "low", local=b"first"),
        ImageReference("messages.1.content.1.image", local="second.png"),
        ImageReference("messages.3.content.0.image", "high", local=Path("third.png")),
        ImageReference("messages.3.content.1.image", local=picture),
    )


def test_over_http_pictures_stay_where_they_are() -> None:
    parts = (url("https://a/b.png"), {"type": "image_url", "image_url": {"file_id": "file-a", "detail": "low"}})
    conversation = conversation_of(OVER_HTTP.validate_python([user(*parts)]))
    assert conversation.images == (
        ImageReference("messages.0.content.0.image_url", url="https://a/b.png"),
        ImageReference("messages.0.content.1.image_url", "low", file_id="file-a"),
    )


def test_a_plain_string_is_a_message() -> None:
    assert read_messages([{"role": "user", "content": "你好"}]).turns == (Turn("user", "你好"),)


def test_any_mapping_and_any_sequence_will_do() -> None:
    part = MappingProxyType(TEXT)
    read = read_messages((MappingProxyType({"role": "user", "content": (part,)}),))
    assert read.turns == (Turn("user", ("这是什么？",)),)


def test_a_developer_is_a_system() -> None:
    read = read_messages([{"role": "developer", "content": "短些。"}, {"role": "user", "content": "问"}])
    assert read.turns[0] == Turn("system", "短些。")


@pytest.mark.parametrize("content", [{"content": None}, {}, {"content": ""}, {"content": []}], ids=str)
def test_an_answer_may_be_empty(content: dict[str, Any]) -> None:
    asked = [{"role": "user", "content": "一"}, {"role": "assistant", **content}, {"role": "user", "content": "二"}]
    for read in (read_messages(asked), conversation_of(OVER_HTTP.validate_python(asked))):
        assert read.turns[1] == Turn("assistant", "")


@pytest.mark.parametrize("role", ["system", "user", "assistant"])
def test_fields_that_say_nothing_are_let_through(role: str) -> None:
    empty = {
        "name": None,
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": [],
        "tool_call_id": None,
        "reasoning": None,
        "reasoning_content": None,
    }
    asked = [{"role": role, "content": "一", **empty}, {"role": "user", "content": "二"}]
    assert read_messages(asked).turns[0] == Turn(role, "一")  # type: ignore[arg-type]
    OVER_HTTP.validate_python(asked)


@pytest.mark.parametrize("field", [{"tool_calls": [{"id": "1"}]}, {"refusal": "不"}, {"mood": None}], ids=str)
def test_fields_that_say_something_are_not_ignored(field: dict[str, Any]) -> None:
    asked = [{"role": "assistant", "content": "一", **field}, {"role": "user", "content": "二"}]
    (name,) = field
    assert refusal_in_python(asked).param == f"messages.0.{name}"
    assert refusal_over_http(asked).param == f"messages.0.{name}"


def test_a_system_message_may_ask_about_a_picture_alone() -> None:
    asked = [{"role": "system", "content": "读出订单号。"}, {"role": "user", "content": [url(DATA)]}]
    assert read_messages(asked).turns[1] == Turn("user", (None,))


@pytest.mark.parametrize("value", [DATA, {"url": DATA}, {"url": DATA, "detail": None}], ids=["bare", "url", "null"])
def test_a_picture_s_url_may_stand_alone(value: Any) -> None:
    part = {"type": "image_url", "image_url": value}
    assert read_messages([user(part)]).images[0].local == b"first"
    (picture,) = conversation_of(OVER_HTTP.validate_python([user(part)])).images
    assert (picture.url, picture.detail) == (DATA, "auto")


# (messages, code, path, what the message says): the same in Python and over HTTP
FAULTS: list[tuple[Any, str, str, str]] = [
    ("你好", "invalid_parameter", "messages", "应为列表"),
    ({"role": "user", "content": "你好"}, "invalid_parameter", "messages", "应为列表"),
    (["你好"], "invalid_parameter", "messages.0", "应为对象"),
    (
        [{"role": "robot", "content": "你好"}],
        "invalid_parameter",
        "messages.0.role",
        "system、developer、user、assistant",
    ),
    (
        [{"role": "tool", "content": "你好"}],
        "invalid_parameter",
        "messages.0.role",
        "system、developer、user、assistant",
    ),
    ([{"content": "你好"}], "missing_parameter", "messages.0.role", "缺少"),
    ([{"role": "user"}], "missing_parameter", "messages.0.content", "缺少"),
    ([{"role": "user", "content": None}], "invalid_parameter", "messages.0.content", "应为字符串或列表"),
    ([{"role": "user", "content": 5}], "invalid_parameter", "messages.0.content", "应为字符串或列表"),
    ([{"role": "user", "content": b"x"}], "invalid_parameter", "messages.0.content", "应为字符串或列表"),
    ([{"role": "user", "content": "坏\ud800字"}], "invalid_text", "messages.0.content", "Unicode"),
    ([user({"type": "text", "text": "坏\ud800字"})], "invalid_text", "messages.0.content.0.text", "Unicode"),
    ([{"role": "user", "content": [TEXT, "x"]}], "invalid_parameter", "messages.0.content.1", "应为对象"),
    ([user({"text": "x"})], "missing_parameter", "messages.0.content.0.type", "缺少"),
    ([user({"type": "input_audio"})], "invalid_parameter", "messages.0.content.0.type", "只能是 text、image_url"),
    ([user({"type": "text"})], "missing_parameter", "messages.0.content.0.text", "缺少"),
    ([user({"type": "text", "text": 5})], "invalid_parameter", "messages.0.content.0.text", "应为字符串"),
    ([user({"type": "image_url"})], "missing_parameter", "messages.0.content.0.image_url", "缺少"),
    ([user(url(5))], "invalid_parameter", "messages.0.content.0.image_url.url", "应为字符串"),
    (
        [user(url(DATA), url(DATA, detail="medium"))],
        "invalid_parameter",
        "messages.0.content.1.image_url.detail",
        "只能是 auto、low、high",
    ),
    ([user(url(DATA, size=1))], "unknown_parameter", "messages.0.content.0.image_url.size", "不认识"),
    ([user({**url(DATA), "cache_control": {}})], "unknown_parameter", "messages.0.content.0.cache_control", "不认识"),
    *(
        ([{"role": role, "content": [TEXT, part]}, user()], "image_not_from_user", "messages.0.content.1", role)
        for role in ("system", "developer", "assistant", "tool")
        for part in (url(DATA), {"type": "image", "image": b"x"})
    ),
]


@pytest.mark.parametrize(("messages", "code", "param", "words"), FAULTS, ids=ascii)
@pytest.mark.parametrize("refusal", [refusal_in_python, refusal_over_http])
def test_a_fault_is_named_with_the_path_to_it(refusal: Any, messages: Any, code: str, param: str, words: str) -> None:
    error = refusal(messages)
    assert (error.code, error.param) == (code, param)
    assert words in error.message
    assert error.message != error.message_en


@pytest.mark.parametrize(
    ("messages", "code", "param"),
    [
        ([], "invalid_parameter", "messages"),
        ([user({"type": "image"})], "missing_parameter", "messages.0.content.0.image"),
        ([user({"type": "image", "image": 3})], "invalid_image_source", "messages.0.content.0.image"),
        ([user({"type": "image", "image": "https://a/b.png"})], "image_url_not_allowed", "messages.0.content.0.image"),
        ([user({"type": "image", "image": b"x", "detail": 1})], "invalid_parameter", "messages.0.content.0.detail"),
        (
            [user({"type": "image_url", "image_url": {"file_id": "file-a"}})],
            "missing_parameter",
            "messages.0.content.0.image_url.url",
        ),
        ([{"role": "user", "content": " "}], "empty_question", "messages.0.content"),
        ([{"role": "user", "content": [url(DATA)]}], "empty_question", "messages.0.content"),
        ([{"role": "system", "content": "你好"}], "invalid_messages", "messages.0.role"),
        ([user(), {"role": "assistant", "content": "一"}], "invalid_messages", "messages.1.role"),
        ([user(url(DATA), url("data:image/png;base64,###"))], "invalid_data_url", "messages.0.content.1.image_url"),
        ([user(url("data:image/png,notbase64"))], "invalid_data_url", "messages.0.content.0.image_url"),
        ([user({"type": "image", "image": "data:image/png,x"})], "invalid_data_url", "messages.0.content.0.image"),
    ],
    ids=ascii,
)
def test_faults_of_python_alone(messages: Any, code: str, param: str) -> None:
    error = refusal_in_python(messages)
    assert (error.code, error.param) == (code, param)


@pytest.mark.parametrize(
    ("part", "code", "param"),
    [
        ({"type": "image", "image": "/etc/passwd"}, "invalid_parameter", "messages.0.content.0.type"),
        ({"type": "image_url", "image_url": {}}, "invalid_parameter", "messages.0.content.0.image_url"),
        (url("data:,", file_id="file-a"), "invalid_parameter", "messages.0.content.0.image_url"),
    ],
    ids=str,
)
def test_faults_of_http_alone(part: Any, code: str, param: str) -> None:
    error = refusal_over_http([user(part)])
    assert (error.code, error.param) == (code, param)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a.png",
        "https://169.254.169.254/latest",
        "HTTPS://example.com/a.png",
        "file:///etc/passwd",
        "/etc/passwd",
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_in_python_only_base64_data_urls_are_read(address: str, bare: bool) -> None:
    part = {"type": "image_url", "image_url": address} if bare else url(address)
    error = refusal_in_python([user(part)])
    assert (error.code, error.param) == ("image_url_not_allowed", "messages.0.content.0.image_url")


def test_a_data_url_over_the_byte_cap_is_refused_undecoded() -> None:
    error = refusal_in_python([user(url("data:image/png;base64," + "A" * 30_000_000))])
    assert isinstance(error, ImageError)
    assert error.code == "image_too_many_bytes"


@pytest.mark.parametrize("source", ["http://a/b.png", "https://a/b.png", "file:///a.png", "ftp://a"])
def test_a_url_in_place_of_a_path_is_refused_by_name(source: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_source(source)
    assert caught.value.code == "image_url_not_allowed"


def test_a_data_url_stands_wherever_a_picture_does() -> None:
    assert check_source("data:image/png;base64,QUJD") == b"ABC"
    (picture,) = read_messages([user({"type": "image", "image": "DATA:image/png;base64,QUJD"})]).images
    assert picture.local == b"ABC"
    assert read_question("data:;base64,QUJD", "问").images[0].local == b"ABC"


def test_a_file_name_with_a_colon_is_no_url() -> None:
    assert check_source("IMG-10:30.png") == "IMG-10:30.png"


@pytest.mark.parametrize("source", [None, 3, "", ["a.png"], object()])
def test_what_is_no_picture_is_refused(source: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_source(source)
    assert caught.value.code == "invalid_image_source"


def test_a_question_is_a_conversation_of_one_turn() -> None:
    asked = read_question(["a.png", b"x"], "这是什么？")
    assert asked.turns == (Turn("user", (None, None, "这是什么？")),)
    assert asked.images == (ImageReference("images.0", local="a.png"), ImageReference("images.1", local=b"x"))
    assert read_question("a.png", "这是什么？").images == (ImageReference("images", local="a.png"),)
    assert read_question([], "你好").turns == (Turn("user", "你好"),)


@pytest.mark.parametrize(
    ("images", "question", "code", "param"),
    [
        ([], " ", "empty_question", "question"),
        ([], None, "empty_question", "question"),
        ([], "坏\ud800字", "invalid_text", "question"),
        (None, "问", "invalid_image_source", "images"),
        (["a.png", 3], "问", "invalid_image_source", "images.1"),
        (["a.png", "https://a/b.png"], "问", "image_url_not_allowed", "images.1"),
    ],
)
def test_a_question_s_faults_are_named_too(images: Any, question: Any, code: str, param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_question(images, question)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_a_picture_is_called_by_its_file_or_by_which_of_several_it_is() -> None:
    assert picture_name("a.png", 0, 1) == ("a.png", "a.png")
    assert picture_name(Path("b.png"), 1, 2) == ("b.png", "b.png")
    assert picture_name(b"x", 1, 2) == ("第 2 张图片", "picture 2")
    assert picture_name("data:image/png;base64,eA==", 1, 2) == ("第 2 张图片", "picture 2")
    assert picture_name(b"x", 0, 1) is None
