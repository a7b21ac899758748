"""OpenAI-shaped messages: checked, their pictures taken out in order, nothing fetched."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kantu.errors import ImageError, InvalidRequestError
from kantu.processing.messages import check_source, read_messages


def user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [*parts, {"type": "text", "text": "这是什么？"}]}


def url(value: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": value}}


def test_pictures_of_every_kind_come_out_in_order() -> None:
    picture = Image.new("RGB", (8, 8))
    data = "data:image/png;base64," + base64.b64encode(b"first").decode()
    messages, images = read_messages(
        [
            {"role": "system", "content": "请用中文回答。"},
            user(url(data), {"type": "image", "image": "second.png"}),
            {"role": "assistant", "content": [{"type": "text", "text": "一张图。"}]},
            user({"type": "image", "image": Path("third.png")}, {"type": "image", "image": picture}),
        ]
    )
    assert images == (b"first", "second.png", Path("third.png"), picture)
    assert [m["role"] for m in messages] == ["system", "user", "assistant", "user"]
    assert messages[1]["content"] == [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "这是什么？"}]


def test_a_plain_string_is_a_message() -> None:
    assert read_messages([{"role": "user", "content": "你好"}]) == (({"role": "user", "content": "你好"},), ())


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://example.com/a.png", "image_url_not_allowed"),
        ("https://169.254.169.254/latest", "image_url_not_allowed"),
        ("HTTPS://example.com/a.png", "image_url_not_allowed"),
        ("file:///etc/passwd", "image_url_not_allowed"),
        ("/etc/passwd", "image_url_not_allowed"),
        ("data:image/png,notbase64", "image_url_not_allowed"),
        ("data:image/png;base64,###", "invalid_data_url"),
        ("data:image/png;base64,QUJ", "invalid_data_url"),
    ],
)
def test_only_base64_data_urls_are_read(address: str, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_messages([user(url(address))])
    assert caught.value.code == code


def test_a_data_url_may_be_given_bare_and_with_parameters() -> None:
    address = "data:image/png;name=a.png;base64,QUJD"
    assert read_messages([user({"type": "image_url", "image_url": address})])[1] == (b"ABC",)


def test_a_data_url_over_the_byte_cap_is_refused_undecoded() -> None:
    with pytest.raises(ImageError) as caught:
        read_messages([user(url("data:image/png;base64," + "A" * 30_000_000))])
    assert caught.value.code == "image_too_many_bytes"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], "invalid_messages"),
        ("你好", "invalid_messages"),
        ({"role": "user", "content": "你好"}, "invalid_messages"),
        (["你好"], "invalid_messages"),
        ([{"role": "robot", "content": "你好"}], "unknown_role"),
        ([{"content": "你好"}], "unknown_role"),
        ([{"role": "user"}], "invalid_content"),
        ([{"role": "user", "content": b"x"}], "invalid_content"),
        ([{"role": "user", "content": ["x"]}], "invalid_content"),
        ([{"role": "user", "content": [{"type": "text"}]}], "invalid_content"),
        ([{"role": "user", "content": [{"type": "audio"}]}], "invalid_content"),
        ([{"role": "user", "content": [{"type": "image"}]}], "invalid_image_source"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "invalid_image_url"),
        ([{"role": "user", "content": "  "}], "empty_question"),
        ([{"role": "user", "content": [{"type": "image", "image": b"x"}]}], "empty_question"),
        ([{"role": "system", "content": "你好"}], "invalid_messages"),
        (
            [{"role": "system", "content": [{"type": "image", "image": b"x"}]}, {"role": "user", "content": "?"}],
            "image_not_from_user",
        ),
    ],
)
def test_anything_else_is_refused_by_name(messages: Any, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_messages(messages)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "source", ["http://a/b.png", "https://a/b.png", "file:///a.png", "ftp://a", "data:image/png,x"]
)
def test_a_url_in_place_of_a_path_is_refused_by_name(source: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_source(source)
    assert caught.value.code == "image_url_not_allowed"


def test_a_file_name_with_a_colon_is_no_url() -> None:
    assert check_source("IMG-10:30.png") == "IMG-10:30.png"


@pytest.mark.parametrize("source", [None, 3, "", ["a.png"], object()])
def test_what_is_no_picture_is_refused(source: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_source(source)
    assert caught.value.code == "invalid_image_source"
