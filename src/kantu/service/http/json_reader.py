"""Reads JSON as it arrives, in steps that are short however large it is.

`json.loads` of 64 MiB holds the interpreter for 80 to 160 ms, and needs three times the memory. Nearly all of an honest
large body are a few very long strings, pictures as base64. They are taken out piece by piece while they come; what is
left, the skeleton, is parsed at the end, and it is small or refused.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, NoReturn

from kantu.errors import error

PIECE_BYTES = 2**14
"""What one step reads. The worst, nothing but quotes, takes 15 ms."""

_LONG = 2**16  # bytes from which on a string is taken out
_MOST_SKELETON_BYTES = 12 * 2**20  # a million characters however they are escaped; json.loads takes up to 30 ms
_MOST_OUTSIDE_BYTES = 4 * 2**20  # outside of strings: brackets, numbers, blanks
_MOST_ITEMS = 100_000  # far more than the largest conversation; a body of 64 MiB could hold 20 million
_MOST_MEMBERS = 2048  # of one object: an error is worded for each name that is unknown, 10 us each

_TOKEN = re.compile(rb'["\[{\]},]')
_OPEN, _CLOSE, _OBJECT, _QUOTE = frozenset(b"[{"), frozenset(b"]}"), ord("{"), ord('"')
# What a string's end is not in, up to a backslash whose second half has not come. Possessive: no stack, no second try.
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
# ASCII, and escapes that mean the same wherever a string is cut; half of a surrogate pair (\ud83d) does not.
_PLAIN = re.compile(rb'[ !#-\[\]-~]*+(?:\\["\\/bfnrt][ !#-\[\]-~]*+)*+')


class JsonReader:
    """`feed` it one text piece by piece, then take its `value`.

    Args:
        most_depth: of nested arrays and objects.
    """

    def __init__(self, most_depth: int) -> None:
        self._most_depth = most_depth
        self._skeleton = bytearray()
        self._texts: list[str] = []  # what has been taken out
        self._mark = secrets.token_hex(16)  # stands before its number, where it was; nobody can guess it
        self._rest = b""  # a backslash whose second half is to come
        self._open: list[int] = []  # what arrays and objects began with
        self._members: list[int] = []  # how many commas each has had
        self._items = self._outside_bytes = 0
        self._start: int | None = None  # of the string under way, in the skeleton
        self._plain = True  # so far it is
        self._pieces: list[str] = []  # of it, where it is long

    def feed(self, piece: bytes) -> None:
        """The next bytes. Takes long where they are more than `PIECE_BYTES`.

        Raises:
            InvalidRequestError: as soon as it is certain: `json_too_deep`, `json_too_many_items`,
                `json_too_much_padding`, `json_too_much_text`.
        """
        piece, self._rest = self._rest + piece, b""
        position = 0
        while position < len(piece):
            read = self._outside if self._start is None else self._inside
            position = read(piece, position)

    def value(self, *, constants: bool = True) -> Any:
        """What it says, once all of it has come; read once.

        Args:
            constants: whether it may say NaN and Infinity, which JSON does not know and Python writes.

        Raises:
            ValueError: it is not JSON in UTF-8.
        """
        skeleton = bytes(self._skeleton) + self._rest
        self._skeleton.clear()
        if not json.detect_encoding(skeleton).startswith("utf-8"):  # the parser would guess UTF-16, unlike us
            raise ValueError("not UTF-8")
        value = json.loads(skeleton, parse_constant=None if constants else _no_constant)
        return self._put_back(value) if self._texts else value

    @property
    def empty(self) -> bool:
        """Whether there has been nothing at all."""
        return not (self._skeleton or self._rest)

    def _outside(self, piece: bytes, position: int) -> int:
        """Read to behind the next token; returns where that is."""
        match = _TOKEN.search(piece, position)
        end = len(piece) if match is None else match.end()
        self._outside_bytes += end - position
        if self._outside_bytes > _MOST_OUTSIDE_BYTES:
            raise error("json_too_much_padding", most=_MOST_OUTSIDE_BYTES // 2**20)
        self._keep(piece[position:end])
        if match is None:
            return end
        self._items += 1
        if self._items > _MOST_ITEMS:
            raise error("json_too_many_items")
        token = piece[end - 1]
        if token == _QUOTE:
            self._start, self._plain = len(self._skeleton), True
        elif token in _OPEN:
            self._open.append(token)
            self._members.append(0)
            if len(self._open) > self._most_depth:
                raise error("json_too_deep", most=self._most_depth)
        elif self._open:  # else the parser will refuse it
            self._count(token)
        return end

    def _count(self, token: int) -> None:
        """A comma or a closing bracket."""
        if token in _CLOSE:
            self._open.pop()
            self._members.pop()
            return
        self._members[-1] += 1
        if self._open[-1] == _OBJECT and self._members[-1] >= _MOST_MEMBERS:
            raise error("json_too_many_items")

    def _inside(self, piece: bytes, position: int) -> int:
        """Read to the end of the string, or of what there is of it; returns where that is."""
        end = position
        if self._plain:
            end = _end(_PLAIN, piece, position)
            self._add(piece[position:end])
        if end < len(piece) and piece[end] != _QUOTE:
            rest = _end(_INSIDE, piece, end)
            if rest > end:
                self._be_ordinary()
                self._keep(piece[end:rest])
            end = rest
        if end == len(piece):
            return end
        if piece[end] != _QUOTE:
            self._rest = piece[end:]
            return len(piece)
        if self._pieces:
            self._skeleton += b"%s%d" % (self._mark.encode(), len(self._texts))
            self._texts.append("".join(self._pieces))
            self._pieces = []
        self._start = None
        self._keep(b'"')
        return end + 1

    def _add(self, text: bytes) -> None:
        """A plain part of the string under way."""
        assert self._start is not None
        if not self._pieces and len(self._skeleton) - self._start + len(text) < _LONG:
            self._keep(text)
            return
        if not self._pieces:
            text = bytes(self._skeleton[self._start :]) + text
            del self._skeleton[self._start :]
        self._pieces.append(json.loads(b'"%s"' % text) if b"\\" in text else text.decode("ascii"))

    def _be_ordinary(self) -> None:
        """The string under way is not plain after all."""
        self._plain = False
        pieces, self._pieces = self._pieces, []
        for piece in pieces:
            self._keep(json.dumps(piece)[1:-1].encode("ascii"))

    def _keep(self, data: bytes) -> None:
        self._skeleton += data
        if len(self._skeleton) > _MOST_SKELETON_BYTES:
            raise error("json_too_much_text", most=_MOST_SKELETON_BYTES // 2**20)

    def _put_back(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._texts[int(value[len(self._mark) :])] if value.startswith(self._mark) else value
        if isinstance(value, list):
            return [self._put_back(item) for item in value]
        if isinstance(value, dict):
            return {self._put_back(key): self._put_back(item) for key, item in value.items()}
        return value


def read_json(data: bytes, most_depth: int) -> Any:
    """The value of one JSON text in UTF-8, without NaN and Infinity.

    Raises:
        InvalidRequestError: it would cost far more than its bytes, see `JsonReader`.
        ValueError: it is not JSON in UTF-8.
    """
    reader = JsonReader(most_depth)
    for start in range(0, len(data), PIECE_BYTES):
        reader.feed(data[start : start + PIECE_BYTES])
    return reader.value(constants=False)


def _end(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    match = pattern.match(data, position)
    return position if match is None else match.end()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
