"""`data:` URLs, read as browsers read them."""

from __future__ import annotations

import base64

import pytest

from kantu.errors import ImageError
from kantu.processing.data_url import is_data_url, read_data_url

DATA = bytes(range(256))  # whose base64 has +, / and ==
BASE64 = base64.b64encode(DATA).decode()
LINES = "\r\n".join(BASE64[start : start + 76] for start in range(0, len(BASE64), 76))


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;base64,",
        "DATA:IMAGE/PNG;BASE64,",
        "data:image/png;name=a.png;base64,",
        "data:image/svg+xml;charset=utf-8;base64,",
        "data:image;base64,",
        "data:;base64,",
        "data:image/*;base64,",
        "data:application/octet-stream;base64,",
        "data: image/png ; base64 ,",
    ],
)
def test_whatever_the_media_type_says_the_data_is_read(head: str) -> None:
    assert read_data_url(head + BASE64) == DATA


@pytest.mark.parametrize(
    "body",
    [
        BASE64,
        LINES,
        LINES + "\n",
        LINES.replace("\r", ""),
        " ".join(BASE64),
        f"\t\f{BASE64} ",
        BASE64.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D"),
        LINES.replace("\r\n", "%0D%0A"),
    ],
    ids=range(8),
)
def test_blanks_lines_and_escapes_change_nothing(body: str) -> None:
    assert read_data_url("data:image/png;base64," + body) == DATA


@pytest.mark.parametrize(
    ("body", "data"),
    [
        ("QQ==", b"A"),
        ("QQ", b"A"),
        ("QQ=", b"A"),
        ("QUI=", b"AB"),
        ("QUI", b"AB"),
        ("QUJD", b"ABC"),
        ("Q Q = =", b"A"),
        ("", b""),
    ],
)
def test_padding_may_be_missing(body: str, data: bytes) -> None:
    assert read_data_url("data:image/png;base64," + body) == data


@pytest.mark.parametrize(
    "body", ["A", "AAAAA", "QQ===", "=", "Q=Q=", "QUI=QUI=", "_-_-", "###", "\ud800", "ＱＱ", "　QQ==", "%E4%BD"]
)
def test_what_is_no_base64_is_refused(body: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_data_url("data:image/png;base64," + body)
    assert caught.value.code == "invalid_data_url"


@pytest.mark.parametrize(
    "url",
    ["", "data:", "data:,", "data:base64,QQ==", "data:image/png,QQ==", "data:image/png;base64", "image/png;base64,QQ==",
     "https://example.com/;base64,QQ==", " data:;base64,QQ==", f"data:{'x' * 300};base64,QQ=="],
)  # fmt: skip
def test_anything_else_is_refused_and_called_what_it_is(url: str) -> None:
    assert is_data_url(url) == url.startswith("data:")
    with pytest.raises(ImageError) as caught:
        read_data_url(url)
    assert caught.value.code == "invalid_data_url"


def test_more_than_the_guard_takes_is_not_decoded() -> None:
    with pytest.raises(ImageError) as caught:
        read_data_url("data:image/png;base64," + "?" * (28 * 2**20))  # which would be invalid_data_url
    assert caught.value.code == "image_too_many_bytes"
