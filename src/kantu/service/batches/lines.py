"""The lines of an input file: where they are, and what each must say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from kantu.errors import InvalidRequestError
from kantu.service.batches.record import ENDPOINT, Problem
from kantu.service.http.json_reader import read_json

_KEYS = ("custom_id", "method", "url", "body")
_LONGEST_ID = 256
_MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is: its number from 1, and its bytes."""

    number: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Line:
    """One request of a batch."""

    custom_id: str
    body: dict[str, Any]


def places(file: BinaryIO) -> Iterator[Place]:
    """Every line that is not blank, from the beginning of the file."""
    file.seek(0)
    offset = 0
    for number, raw in enumerate(file, 1):
        if raw.strip():
            yield Place(number, offset, len(raw))
        offset += len(raw)


def read(file: BinaryIO, place: Place) -> bytes:
    """One line; any number of threads may read at once."""
    return os.pread(file.fileno(), place.length, place.offset)


def check(file: BinaryIO, most_lines: int, most_depth: int) -> tuple[int, Sequence[Problem]]:
    """The number of lines, and what is wrong with them: the first hundred problems."""
    problems: list[Problem] = []
    seen: set[str] = set()
    total = 0
    for place in places(file):
        total += 1
        if total > most_lines:
            return total, [Problem.of(_too_many_lines(most_lines))]
        try:
            line = parse(read(file, place), most_depth)
            if line.custom_id in seen:
                raise InvalidRequestError(
                    "duplicate_custom_id",
                    "custom_id 与前面的某一行相同。",
                    "An earlier line has the same custom_id.",
                    param="custom_id",
                )
            seen.add(line.custom_id)
        except InvalidRequestError as error:
            problems.append(Problem.of(error, place.number))
            if len(problems) == _MOST_PROBLEMS:
                break
    if not total:
        empty = InvalidRequestError("empty_batch", "文件里没有任何请求。", "The file has no requests.")
        problems.append(Problem.of(empty))
    return total, problems


def parse(raw: bytes, most_depth: int) -> Line:
    """One line.

    Raises:
        InvalidRequestError: what is wrong with it, for anything but the contents of its body.
    """
    line = _load(raw, most_depth)
    unknown = next((key for key in line if key not in _KEYS), None)
    if unknown is not None:
        raise InvalidRequestError(
            "unknown_parameter",
            f"每行只能有 {'、'.join(_KEYS)}。",
            f"A line has only {', '.join(_KEYS)}.",
        )
    missing = next((key for key in _KEYS if key not in line), None)
    if missing is not None:
        raise InvalidRequestError(
            "missing_parameter", f"缺少参数：{missing}。", f"Missing parameter: {missing}.", param=missing
        )
    if not _is_id(line["custom_id"]):
        raise InvalidRequestError(
            "invalid_custom_id",
            f"custom_id 必须是 1 到 {_LONGEST_ID} 个可见字符。",
            f"A custom_id has 1 to {_LONGEST_ID} printable characters.",
            param="custom_id",
        )
    if line["method"] != "POST":
        raise InvalidRequestError("invalid_method", "method 只能是 POST。", "The method must be POST.", param="method")
    if line["url"] != ENDPOINT:
        raise InvalidRequestError(
            "invalid_url", f"url 只能是 {ENDPOINT}。", f"The url must be {ENDPOINT}.", param="url"
        )
    body = line["body"]
    if not isinstance(body, dict):
        raise InvalidRequestError(
            "invalid_parameter", "body 必须是 JSON 对象。", "The body must be a JSON object.", param="body"
        )
    if body.get("stream"):
        raise InvalidRequestError(
            "stream_not_supported",
            "批处理不能流式返回，请去掉 stream。",
            "Batches do not stream; leave stream out.",
            param="body.stream",
        )
    return Line(line["custom_id"], body)


def _load(raw: bytes, most_depth: int) -> dict[str, Any]:
    try:
        line = read_json(raw, most_depth)
    except ValueError:  # not UTF-8, not JSON, a number too long to convert
        line = None
    if not isinstance(line, dict):
        raise InvalidRequestError("invalid_json_line", "这一行不是 JSON 对象。", "The line is not a JSON object.")
    return line


def _is_id(custom_id: object) -> bool:
    return isinstance(custom_id, str) and 0 < len(custom_id) <= _LONGEST_ID and custom_id.isprintable()


def _too_many_lines(most: int) -> InvalidRequestError:
    return InvalidRequestError(
        "too_many_lines",
        f"一个批处理最多 {most} 行，请分成几个。",
        f"A batch has at most {most} lines; split it.",
    )
