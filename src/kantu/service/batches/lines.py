"""The lines of an input file: where they are, and what each must say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from kantu.errors import InvalidRequestError, error, listed
from kantu.service.batches.record import Endpoint, Problem
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


def check(file: BinaryIO, endpoint: Endpoint, most_lines: int, most_depth: int) -> tuple[int, Sequence[Problem]]:
    """The number of lines, and what is wrong with them: the first hundred problems."""
    problems: list[Problem] = []
    seen: set[str] = set()
    total = 0
    for place in places(file):
        total += 1
        if total > most_lines:
            return total, [Problem.of(error("too_many_lines", most=most_lines))]
        try:
            line = parse(read(file, place), endpoint, most_depth)
            if line.custom_id in seen:
                raise error("duplicate_custom_id")
            seen.add(line.custom_id)
        except InvalidRequestError as failure:
            problems.append(Problem.of(failure, place.number))
            if len(problems) == _MOST_PROBLEMS:
                break
    if not total:
        empty = error("empty_batch")
        problems.append(Problem.of(empty))
    return total, problems


def parse(raw: bytes, endpoint: Endpoint, most_depth: int) -> Line:
    """One line, which must be for the endpoint of its batch.

    Raises:
        InvalidRequestError: what is wrong with it, for anything but the contents of its body.
    """
    line = _load(raw, most_depth)
    unknown = next((key for key in line if key not in _KEYS), None)
    if unknown is not None:
        raise error("unknown_parameter.line", keys=listed(_KEYS))
    missing = next((key for key in _KEYS if key not in line), None)
    if missing is not None:
        raise error("missing_parameter", param=missing)
    if not _is_id(line["custom_id"]):
        raise error("invalid_custom_id", most=_LONGEST_ID)
    if line["method"] != "POST":
        raise error("invalid_method")
    if line["url"] != endpoint:
        raise error("invalid_url", endpoint=endpoint)
    body = line["body"]
    if not isinstance(body, dict):
        raise error("invalid_parameter.body")
    if body.get("stream"):
        raise error("stream_not_supported")
    return Line(line["custom_id"], body)


def _load(raw: bytes, most_depth: int) -> dict[str, Any]:
    try:
        line = read_json(raw, most_depth)
    except ValueError:  # not UTF-8, not JSON, a number too long to convert
        line = None
    if not isinstance(line, dict):
        raise error("invalid_json_line")
    return line


def _is_id(custom_id: object) -> bool:
    return isinstance(custom_id, str) and 0 < len(custom_id) <= _LONGEST_ID and custom_id.isprintable()
