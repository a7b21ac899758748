"""Every row can be said in both languages."""

from __future__ import annotations

import re
import string

import pytest

from kantu.errors import OverloadedError
from kantu.errors.catalogue import ROWS, batches, commands, engine, model, processing, service

PARTS = (model, processing, engine, service, batches, commands)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", ROWS)
def test_a_row_can_be_said_in_both_languages(key: str) -> None:
    row = ROWS[key]
    assert placeholders(row.en) <= placeholders(row.zh)  # the English may say less, but nothing else
    values = dict.fromkeys(placeholders(row.zh), 7)
    chinese, english = row.zh.format_map(values), row.en.format_map(values)
    assert (CHINESE.search(chinese) is not None) or row.zh == "{words}"
    assert CHINESE.search(english) is None
    assert english.strip() == english != ""


def test_no_key_stands_in_two_parts() -> None:
    assert sum(len(part.ROWS) for part in PARTS) == len(ROWS)


def test_the_rows_of_a_code_differ_in_their_words_only() -> None:
    answers: dict[str, set[tuple[object, ...]]] = {}
    for key, row in ROWS.items():
        answers.setdefault(key.partition(".")[0], set()).add((row.kind, row.status, *sorted(row.headers.items())))
    assert {code for code, found in answers.items() if len(found) > 1} == set()


def test_what_says_when_to_come_back_can_be_overloaded() -> None:
    for key, row in ROWS.items():
        if row.status == 429:
            assert issubclass(row.kind, OverloadedError), key
