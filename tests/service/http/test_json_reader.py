"""JSON is read in short steps, and what would cost far more than its bytes is refused as soon as that is certain."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.http.json_reader import PIECE_BYTES, JsonReader, read_json

MIB = 2**20


def read(body: bytes, step: int = PIECE_BYTES, depth: int = 8) -> Any:
    reader = JsonReader(depth)
    for start in range(0, len(body), step):
        reader.feed(body[start : start + step])
    return reader.value()


def refusal(body: bytes) -> tuple[str, int]:
    """(code, how many bytes had to come)."""
    reader = JsonReader(8)
    for start in range(0, len(body), PIECE_BYTES):
        try:
            reader.feed(body[start : start + PIECE_BYTES])
        except InvalidRequestError as error:
            return error.code, start + PIECE_BYTES
    raise AssertionError("accepted")


TEXTS = {
    "an object": b'{"a": [1, 2.5, true, null, "x"], "b": {}}',
    "blanks": b' \n\t{ "a" :\r\n1 } ',
    "a number": b"12",
    "Chinese": '{"问": "为什么？"}'.encode(),
    "escapes": rb'{"a": "\"\\\/\b\f\n\r\t\u4e2d\ud83d\ude00\\"}',
    "half a pair": rb'"\ud83d"',
    "brackets in a string": b'{"[": "]]]][[[["}',
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "a long string": json.dumps(["A" * 200_000, "x"]).encode(),
    "a long string that PHP writes": json.dumps("AB/+" * 50_000).replace("/", r"\/").encode(),
    "a long string in lines": json.dumps("A" * 76 + "\r\n").encode()[:-1] * 1 + b"A" * 100_000 + b'\\n"',
    "a long string that is not plain": json.dumps("A" * 100_000 + "中" + "B" * 100_000).encode(),
    "a long text": json.dumps("中文" * 50_000, ensure_ascii=False).encode(),
    "a long escaped text": json.dumps("😀" * 20_000).encode(),
    "a long name": json.dumps({"k" * 100_000: 1}).encode(),
    "a long string alone": b'"' + b"A" * 70_000 + b'"',
    "two long ones": json.dumps({"a": "A" * 70_000, "b": ["B" * 70_000]}).encode(),
}


@pytest.mark.parametrize("step", [1, 7, PIECE_BYTES])
@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS)
def test_it_says_what_the_parser_says_wherever_it_is_cut(body: bytes, step: int) -> None:
    assert read(body, step) == json.loads(body)


@pytest.mark.parametrize("seed", range(30))
def test_it_says_what_the_parser_says_of_anything(seed: int) -> None:
    chance = random.Random(seed)
    pieces = ["A" * 10, "A" * 40_000, "/", '"', "\\", "\n", "\t", "看", "😀", "\ud83d", "\0"]

    def value(depth: int) -> Any:
        kind = chance.random()
        if kind < 0.3 and depth < 5:
            return [value(depth + 1) for _ in range(chance.randrange(4))]
        if kind < 0.6 and depth < 5:
            return {str(chance.random()): value(depth + 1) for _ in range(chance.randrange(4))}
        if kind < 0.9:
            return "".join(chance.choice(pieces[: chance.choice([2, 3, 11])]) for _ in range(chance.randrange(8)))
        return chance.choice([1, 1.5, None, True])

    for _ in range(10):
        text = json.dumps(value(0), ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 2]))
        if chance.random() < 0.3:
            text = text.replace("/", r"\/")
        body = text.encode("utf-8", "surrogatepass")
        assert read(body, chance.choice([13, 1000, PIECE_BYTES])) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b'"', b'"a', b'"\\', b'"\\x"', b"[1,]", b'"\n"', b'"\xff"', b"{}{}", b"nan"]
    + [b'"' + b"A" * 100_000 + end for end in (b"", b"\\", b"\n", b'\\x"', b'\x00"', b'\xc0\xaf"')],
    ids=range(18),
)
def test_what_is_no_json_is_none_however_long(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of them the parser raises
        read(body)


def test_another_encoding_cannot_hide_its_depth() -> None:
    body = ('"∡",' + "[" * 1000 + '"∡"').encode("utf-16-le")  # in bytes, one half of its letter is a quote
    with pytest.raises(ValueError, match="UTF-8"):
        read(body[:10])


def test_nan_is_for_those_who_take_it() -> None:
    assert str(read(b"[NaN]")) == "[nan]"
    with pytest.raises(ValueError, match="NaN"):
        read_json(b"[NaN]", 8)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 8 + b"]" * 8, None),
        (b"[" * 9 + b"]" * 9, "json_too_deep"),
        (b'{"a":' * 9, "json_too_deep"),
        (b"[" * 10_000_000, "json_too_deep"),
        (b"[[]" + b",[]" * 60_000 + b"]", "json_too_many_items"),
        (b'[""' + b',""' * 60_000 + b"]", "json_too_many_items"),
        (json.dumps({str(number): number for number in range(2048)}).encode(), None),
        (json.dumps([{str(number): number for number in range(2049)}]).encode(), "json_too_many_items"),
        (json.dumps([[{"a": 1}, {"b": 2}]] * 3000).encode(), None),
        (b"]]]]}}}}", None),
        (b'"' + b"[" * 100 + b'"', None),  # inside a string
        (b'"\\"' + b"[" * 100 + b'"', None),  # a quote that does not end it
        (b'"\\\\"' + b"[" * 9, "json_too_deep"),  # one that does
        (b'"' + b"\\n" * 5_000_000 + b'"', None),
        (b" " * 64 * MIB, "json_too_much_padding"),
        (b"1" * 64 * MIB, "json_too_much_padding"),
        (b'"' + "看".encode() * 5_000_000 + b'"', "json_too_much_text"),
        (b'"' + b"\\u0041" * 4_000_000 + b'"', "json_too_much_text"),
        (b'"' + b"A" * 20_000_000 + b'\\u0041"', "json_too_much_text"),
    ],
    ids=range(19),
)
def test_json_that_is_deep_or_crumbled_or_blown_up_is_not_parsed(body: bytes, code: str | None) -> None:
    if code is None:
        reader = JsonReader(8)
        for start in range(0, len(body), PIECE_BYTES):
            reader.feed(body[start : start + PIECE_BYTES])
        return
    refused, came = refusal(body)
    assert refused == code
    assert came <= 32 * MIB


def test_blanks_are_refused_long_before_they_have_all_come() -> None:
    _, came = refusal(b" " * 64 * MIB)
    assert came <= 4 * MIB + PIECE_BYTES


def test_a_million_characters_are_read_however_they_are_escaped() -> None:
    assert read(json.dumps("😀" * 1_000_000).encode()) == "😀" * 1_000_000


HOSTILE = {
    "quotes": b'"",' * MIB,
    "commas": b"," * MIB,
    "blanks": b" " * 3 * MIB + b"1",
    "a picture": b'"' + b"A" * 30 * MIB + b'"',
    "a picture as PHP writes it": b'"' + b"AAA\\/" * 4 * MIB + b'"',
    "escapes": b'"' + b"\\n" * 8 * MIB + b'"',
    "escaped quotes": b'"' + b'\\"' * 8 * MIB + b'"',
    "letters": json.dumps("看" * MIB).encode(),
    "turning late": b'"' + b"A" * 10 * MIB + b'\\u0041"',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_no_step_is_long(body: bytes) -> None:
    """On this thread's own clock, which others cannot make go faster; the bound of docs is 50 ms."""
    reader, longest = JsonReader(8), 0.0
    for start in range(0, len(body), PIECE_BYTES):
        began = time.thread_time()
        try:
            reader.feed(body[start : start + PIECE_BYTES])
        except InvalidRequestError:
            break
        finally:
            longest = max(longest, time.thread_time() - began)
    else:
        began = time.thread_time()
        reader.value()
        longest = max(longest, time.thread_time() - began)
    assert longest < 0.25
