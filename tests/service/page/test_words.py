"""The page says everything in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import kantu.service.page.words as module
from kantu.service.audit.declared import ACTS
from kantu.service.page.console_words import CONSOLE_WORDS
from kantu.service.page.words import acts_in, words_in

FOLDER = Path(module.__file__).parent


def test_both_languages_have_every_text() -> None:
    chinese, english = words_in("zh"), words_in("en")
    assert chinese.keys() == english.keys()
    assert all(chinese.values())
    assert all(english.values())
    assert not [name for name, text in english.items() if re.search(r"[一-鿿]", text)]


def test_every_text_is_used_and_every_used_text_exists() -> None:
    files = [FOLDER / "page.html", *sorted((FOLDER / "static").rglob("*.js"))]
    used = {name for file in files for name in re.findall(r"\bwords\.(\w+)", file.read_text(encoding="utf-8"))}
    used |= {f"finish_{reason}" for reason in ("length", "repetition", "content_filter")}  # turn.js
    assert used == set(words_in("zh"))


def test_no_text_stands_for_two() -> None:
    assert not module._WORDS.keys() & CONSOLE_WORDS.keys()


def test_whatever_the_audit_records_has_a_name_in_both_languages() -> None:
    for acts in (acts_in("zh"), acts_in("en")):
        assert {action for action, _ in ACTS} | {"lose"} == acts["actions"].keys()
        assert {resource for _, resource in ACTS} == acts["resources"].keys()
