"""What each line of an input file must say."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.batches import lines
from kantu.service.batches.record import Endpoint
from tests.service.batches.conftest import request_line

CHAT: Endpoint = "/v1/chat/completions"


def _line(**changes: Any) -> bytes:
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}} | changes
    return json.dumps({key: value for key, value in line.items() if value is not ...}).encode()


def _file(tmp_path: Path, text: str | bytes) -> BinaryIO:
    path = tmp_path / "in.jsonl"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path.open("rb")


def test_a_line_gives_its_id_and_body() -> None:
    line = lines.parse(request_line("订单-1", n=1).encode() + b"\r\n", CHAT, 20)
    assert line == lines.Line("订单-1", {"model": "m", "n": 1})


def test_a_line_is_for_the_endpoint_of_its_batch() -> None:
    assert lines.parse(_line(url="/v1/responses"), "/v1/responses", 20).body == {"model": "m"}
    with pytest.raises(InvalidRequestError, match="invalid_url"):
        lines.parse(_line(), "/v1/responses", 20)


def test_stream_may_be_false() -> None:
    assert lines.parse(_line(body={"stream": False}), CHAT, 20).body == {"stream": False}


@pytest.mark.parametrize(
    ("raw", "code", "param"),
    [
        (b"{", "invalid_json_line", None),
        (b"[]", "invalid_json_line", None),
        (b"null", "invalid_json_line", None),
        (b"\xff\xfe", "invalid_json_line", None),
        ("{}".encode("utf-16-le"), "invalid_json_line", None),
        (b'{"custom_id": NaN}', "invalid_json_line", None),
        (b'{"custom_id": 1' + b"0" * 5000 + b"}", "invalid_json_line", None),
        (b"[" * 100_000, "json_too_deep", None),
        (b"[" + b"1," * 200_000, "json_too_many_items", None),
        (_line(colour="red"), "unknown_parameter", None),
        (_line(custom_id=...), "missing_parameter", "custom_id"),
        (_line(method=...), "missing_parameter", "method"),
        (_line(url=...), "missing_parameter", "url"),
        (_line(body=...), "missing_parameter", "body"),
        (_line(custom_id=7), "invalid_custom_id", "custom_id"),
        (_line(custom_id=""), "invalid_custom_id", "custom_id"),
        (_line(custom_id="x" * 257), "invalid_custom_id", "custom_id"),
        (_line(custom_id="nul\x00"), "invalid_custom_id", "custom_id"),
        (_line(custom_id="\ud800"), "invalid_custom_id", "custom_id"),
        (_line(method="GET"), "invalid_method", "method"),
        (_line(url="/v1/embeddings"), "invalid_url", "url"),
        (_line(url="/v1/responses"), "invalid_url", "url"),  # its batch is for another one
        (_line(url={"a": 1}), "invalid_url", "url"),
        (_line(body="text"), "invalid_parameter", "body"),
        (_line(body={"stream": True}), "stream_not_supported", "body.stream"),
    ],
)
def test_what_is_wrong_with_a_line(raw: bytes, code: str, param: str | None) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        lines.parse(raw, CHAT, 20)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_lines_are_found_where_they_are(tmp_path: Path) -> None:
    text = (
        "\ufeff" + request_line("一") + "\r\n\n   \n" + request_line("b") + "\n" + request_line("c")
    )  # no newline at the end
    with _file(tmp_path, text) as file:
        found = list(lines.places(file))
        assert [place.number for place in found] == [1, 4, 5]
        assert [lines.parse(lines.read(file, place), CHAT, 20).custom_id for place in found] == ["一", "b", "c"]
        assert lines.check(file, CHAT, 3, 20) == (3, [])


def test_every_bad_line_is_reported(tmp_path: Path) -> None:
    with _file(tmp_path, "\n".join([request_line("a"), "x", request_line("b"), request_line("a"), "y"])) as file:
        total, problems = lines.check(file, CHAT, 100, 20)
    assert total == 5
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "invalid_json_line"),
        (4, "duplicate_custom_id"),
        (5, "invalid_json_line"),
    ]


def test_at_most_a_hundred_problems_are_reported(tmp_path: Path) -> None:
    with _file(tmp_path, "x\n" * 1000) as file:
        assert len(lines.check(file, CHAT, 10_000, 20)[1]) == 100


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_a_problem(tmp_path: Path, text: str) -> None:
    with _file(tmp_path, text) as file:
        assert [problem.code for problem in lines.check(file, CHAT, 10, 20)[1]] == ["empty_batch"]


def test_too_many_lines_are_a_problem(tmp_path: Path) -> None:
    with _file(tmp_path, "\n".join(request_line(str(number)) for number in range(11))) as file:
        assert [problem.code for problem in lines.check(file, CHAT, 10, 20)[1]] == ["too_many_lines"]


def test_places_of_nothing() -> None:
    assert list(lines.places(io.BytesIO(b""))) == []
