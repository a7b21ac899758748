"""JSON as text models write it: in a code block, with words around it, with Chinese punctuation, cut in the middle."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_FENCED = re.compile(r"```(?:\w+)?\s*\n(.*?)(?:```|\Z)", re.DOTALL)
_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null", "NaN": "null"}
_PUNCTUATION = {"：": ":", "，": ",", "、": ","}
_QUOTES = {'"': '"', "“": "”", "”": "”", "'": "'", "‘": "’", "「": "」"}
_CLOSING = {"{": "}", "[": "]"}
_ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"'}
_ENDS_STRING = re.compile(r"\s*(?:[:：,，}\]]|\Z)")


def read_json(text: str) -> Any:
    """The object or array that a model meant.

    Raises ValueError where there is none.
    """
    text = text.strip()
    try:
        return json.loads(text)
    except ValueError:
        pass  # it is repaired below, or that raises
    fenced = _FENCED.search(text)
    body = fenced[1] if fenced else text
    start = min((at for at in (body.find("{"), body.find("[")) if at >= 0), default=-1)
    if start < 0:
        raise ValueError("no JSON")
    return json.loads(_Repair(body[start:]).repaired())


def fitted(record: Any, schema: Mapping[str, Any]) -> Any:
    """A record with what its schema demands and allows to be null, where it is missing, and without unknown keys."""
    properties = schema.get("properties")
    if not isinstance(record, dict) or not isinstance(properties, Mapping):
        return record
    closed = schema.get("additionalProperties") is False
    found = {key: value for key, value in record.items() if key in properties or not closed}
    for key in schema.get("required", ()):
        if key not in found and {"type": "null"} in properties.get(key, {}).get("anyOf", ()):
            found[key] = None
    return found


class _Repair:
    """One pass over a text that begins with a bracket."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[str] = []
        self._open: list[str] = []

    def repaired(self) -> str:
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in _QUOTES:
                self._string(_QUOTES[char])
                continue
            if char in _CLOSING:
                self._open.append(_CLOSING[char])
                self._out.append(char)
            elif char in "}]":
                self._close(char)
                if not self._open:
                    break
            elif char.isalpha():
                self._word()
                continue
            elif not char.isspace():
                self._out.append(_PUNCTUATION.get(char, char))
            self._at += 1
        while self._open:
            self._close(self._open[-1])
        return "".join(self._out)

    def _string(self, quote: str) -> None:
        """A string to its end: the quote that is followed by what may follow a string, or the end of a cut answer."""
        inside = ""
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == "\\":
                inside += self._escape(self._text[self._at : self._at + 1])
                self._at += 1
            elif char in (quote, '"') and _ENDS_STRING.match(self._text, self._at):
                break
            else:
                inside += _ESCAPED.get(char, char)
        self._out.append(f'"{inside}"')

    @staticmethod
    def _escape(char: str) -> str:
        return f"\\{char}" if char and char in '"\\/bfnrtu' else char

    def _word(self) -> None:
        """A name without quotes, or true, false, null in any language."""
        word = re.compile(r"\w+").match(self._text, self._at)
        assert word is not None  # it begins with a letter
        self._at = word.end()
        known = _WORDS.get(word[0], word[0])
        number = bool(self._out) and self._out[-1][-1:] in "0123456789.+-"  # the e of 1e5
        self._out.append(known if known in ("true", "false", "null") or number else json.dumps(word[0]))

    def _close(self, bracket: str) -> None:
        """Close what is open up to this bracket; one that closes nothing is dropped."""
        while self._open and bracket in self._open:
            self._drop_loose_end()
            closed = self._open.pop()
            self._out.append(closed)
            if closed == bracket:
                return

    def _drop_loose_end(self) -> None:
        """Before a bracket, a comma or a key that was cut goes, and a key without a value has null."""
        cut_key = self._open[-1] == "}" and self._out[-1].startswith('"') and self._out[-2] in "{,"
        if cut_key:
            self._out.pop()
        if self._out[-1] == ",":
            self._out.pop()
        if self._out[-1] == ":":
            self._out.append("null")
