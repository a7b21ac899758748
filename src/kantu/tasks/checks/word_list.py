"""Words that are looked for beside the model, in a file that the user owns.

The file is TOML: a table `words` of category -> words, and a list `allow` of phrases in which a word means no harm. All
words are found in one pass over the text (Aho-Corasick), however many there are.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import ahocorasick

from kantu.errors import Words, error

MODERATION = "moderation.toml"
ABSOLUTE = "absolute.toml"
"""Lists that come with Kantu: for `moderate`, and the advertising law's absolute words (广告法第九条) for `copy`."""


@dataclass(frozen=True)
class Hit:
    """A word that was found; `start` and `end` are places in the text as it was given."""

    category: str
    word: str
    start: int
    end: int


class WordList:
    """Finds words whatever their width and case, and however they are spaced out."""

    def __init__(self, words: Mapping[str, Iterable[str]], allow: Iterable[str] = ()) -> None:
        """`words` by category; a word inside one of the phrases of `allow` is not found."""
        found: dict[str, tuple[str, str]] = {}
        for category, listed in words.items():
            for word in listed:
                found.setdefault(_folded(word)[0], (category, word))
        self._words = _automaton(found)
        self._allow = _automaton({_folded(phrase)[0]: ("", phrase) for phrase in allow})

    def find(self, text: str) -> tuple[Hit, ...]:
        """Every word of the list in `text`, in order; of words one inside the other, the longest."""
        folded, places = _folded(text)
        spared = [(end - length, end) for end, length, _ in _occurrences(self._allow, folded)]
        found = [
            (end - length, end, meaning)
            for end, length, meaning in _occurrences(self._words, folded)
            if not any(start <= end - length and end <= stop for start, stop in spared)
        ]
        found.sort(key=lambda each: (each[0], -each[1]))
        hits: list[Hit] = []
        reached = 0
        for start, end, (category, word) in found:
            if end > reached:
                hits.append(Hit(category, word, places[start], places[end - 1] + 1))
                reached = end
        return tuple(hits)


def load(path: Path) -> WordList:
    """The list in a file.

    Raises InvalidRequestError (`word_list_invalid`) where it cannot be read or is not such a file.
    """
    try:
        return _parsed(path.read_text("utf-8"))
    except (OSError, ValueError) as failure:
        raise error("word_list_invalid", path=path, why=_why(failure)) from failure


@cache
def builtin(name: str) -> WordList:
    """One of the lists that come with Kantu."""
    return _parsed((resources.files("kantu.tasks.checks") / name).read_text("utf-8"))


def _parsed(text: str) -> WordList:
    """Raises ValueError for what is not a word list (TOML's own errors are ValueErrors, too)."""
    data: dict[str, Any] = tomllib.loads(text)
    words, allow = data.pop("words", None), data.pop("allow", [])
    if data:
        raise _ContentError(Words(f"不认识的键 {next(iter(data))}", f"unknown key {next(iter(data))}"))
    if not isinstance(words, dict):
        raise _ContentError(Words("没有 [words]", "there is no [words]"))
    for key, each in {**{f"words.{category}": each for category, each in words.items()}, "allow": allow}.items():
        if not isinstance(each, list) or not all(_is_word(word) for word in each):
            raise _ContentError(Words(f"{key} 不是词的列表", f"{key} is no list of words"))
    return WordList(words, allow)


class _ContentError(ValueError):
    def __init__(self, why: Words) -> None:
        super().__init__(why.en)
        self.why = why


def _why(failure: OSError | ValueError) -> Words:
    """What is known of why a file is no word list."""
    if isinstance(failure, _ContentError):
        return failure.why
    if isinstance(failure, FileNotFoundError):
        return Words("没有这个文件", "there is no such file")
    if isinstance(failure, UnicodeDecodeError):
        return Words("不是 UTF-8", "it is not UTF-8")
    if isinstance(failure, tomllib.TOMLDecodeError):
        line = re.search(r"at line (\d+)", str(failure))  # it has no attribute for it before Python 3.14
        place = Words(f"第 {line[1]} 行", f"line {line[1]}") if line else Words("末尾", "the end")
        return Words(f"{place.zh}不是有效的 TOML", f"{place.en} is not valid TOML")
    return Words("没有权限，或不是普通文件", "no permission, or not a regular file")


def _is_word(word: object) -> bool:
    return isinstance(word, str) and bool(_folded(word)[0])


def _automaton(words: Mapping[str, tuple[str, str]]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for folded, meaning in words.items():
        automaton.add_word(folded, (len(folded), meaning))
    automaton.make_automaton()
    return automaton


def _occurrences(automaton: ahocorasick.Automaton, folded: str) -> list[tuple[int, int, tuple[str, str]]]:
    """(end, length, meaning) of every word."""
    if not len(automaton):
        return []
    return [(last + 1, length, meaning) for last, (length, meaning) in automaton.iter(folded)]


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in compatibility form and lower case without what is not a letter or digit, and where each came from."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFKC", character).casefold():
            if part.isalnum():
                kept.append(part)
                places.append(place)
    return "".join(kept), places
