"""A YAML file as data that could be JSON, with the line of every part. Whatever the file says, only strings, numbers,
booleans, nulls, lists and mappings come out.

YAML's surprises are left out: `no` and `2026-11-28` are words, so is 007, and every key is a word. Anchors are refused,
with which a small file could become a huge one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kantu.errors import error

MOST_BYTES = 64 * 1024
MOST_LEVELS = 32

_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]+")

Place = Sequence[str | int]


@dataclass(frozen=True)
class YamlSource:
    """What a file holds.

    Attributes:
        file: its name, for errors.
        value: all of it.
        lines: place -> line, from 1, on which the key or the item begins.
    """

    file: str
    value: Any
    lines: Mapping[tuple[str | int, ...], int]

    def line(self, place: Place) -> int:
        """The line of the place, or of the nearest one around it that the file has."""
        around = (tuple(place[:end]) for end in range(len(place), -1, -1))
        return next((self.lines[each] for each in around if each in self.lines), 1)


def read_yaml(path: Path) -> YamlSource:
    """Reads a file of one document.

    Raises InvalidRequestError (`task_invalid`) with the line at fault.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise error("task_invalid.missing", file=path) from None
    except (OSError, UnicodeDecodeError):
        raise error("task_invalid.unreadable", file=path.name) from None
    if len(content) > MOST_BYTES:
        raise error("task_invalid.size", file=path.name, most=MOST_BYTES // 1024)
    reading = _Reading(path.name, yaml.parse(text, Loader=yaml.SafeLoader))
    try:
        return YamlSource(path.name, reading.document(), reading.lines)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        raise error("task_invalid.yaml", file=path.name, line=mark.line + 1 if mark else 1) from None
    except yaml.reader.ReaderError as failure:  # a control character
        line = text.count("\n", 0, failure.position) + 1
        raise error("task_invalid.yaml", file=path.name, line=line) from None


class _Reading:
    """Makes data of the parser's events. The parser itself makes none, and neither follows aliases nor recurses."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self._file, self._events = file, events
        self.lines: dict[tuple[str | int, ...], int] = {}

    def document(self) -> Any:
        """The only document; None where there is none."""
        next(self._events)  # the stream starts
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), ())
        next(self._events)  # the document ends
        if not isinstance(after := next(self._events), yaml.StreamEndEvent):
            raise error("task_invalid.documents", file=self._file, line=after.start_mark.line + 1)
        return value

    def _value(self, event: Any, place: tuple[str | int, ...]) -> Any:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise error("task_invalid.anchor", file=self._file, line=line)
        if event.tag is not None:
            raise error("task_invalid.tag", file=self._file, line=line, tag=event.tag)
        if len(place) > MOST_LEVELS:
            raise error("task_invalid.levels", file=self._file, line=line, most=MOST_LEVELS)
        self.lines.setdefault(place, line)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.style is None else event.value
        return self._list(place) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(place)

    def _list(self, place: tuple[str | int, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*place, len(items))))
        return items

    def _mapping(self, place: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise error("task_invalid.key", file=self._file, line=line)
            if event.value in found:
                raise error("task_invalid.duplicate_key", file=self._file, line=line, key=event.value)
            self.lines[(*place, event.value)] = line
            found[event.value] = self._value(next(self._events), (*place, event.value))
        return found


def _scalar(text: str) -> Any:
    """What a word without quotes means."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
