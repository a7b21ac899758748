"""Text is shown as soon as it is certain: no half character, no stop string, and everything held back at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.engine.stop import StopFilter
from kantu.engine.text_writer import TextWriter
from kantu.model.folder import ModelFolder
from kantu.processing.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(tiny_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(ModelFolder.open(tiny_folder))


def written(tokenizer: Tokenizer, text: str, *stops: str, min_tokens: int = 0) -> tuple[list[str], TextWriter]:
    writer = TextWriter(tokenizer, StopFilter(stops), min_tokens)
    return [writer.push(token) for token in tokenizer.encode(text, allow_special=False)], writer


def test_a_character_of_several_tokens_is_shown_once_it_is_whole(tokenizer: Tokenizer) -> None:
    assert written(tokenizer, "龘")[0] == ["", "", "龘"]


def test_what_may_become_a_stop_string_is_shown_only_when_it_does_not_or_at_the_end(tokenizer: Tokenizer) -> None:
    pieces, writer = written(tokenizer, "发货，发", "发送")
    assert "".join(pieces) == "发货，"
    assert writer.stop_string is None
    assert (writer.flush(), writer.flush()) == ("发", "")


def test_a_stop_string_ends_the_text_before_itself(tokenizer: Tokenizer) -> None:
    pieces, writer = written(tokenizer, "已发货，再见", "货，")
    assert "".join(pieces) == "已发"
    assert writer.stop_string == "货，"
    assert writer.flush() == ""


def test_stop_strings_are_ignored_before_min_tokens(tokenizer: Tokenizer) -> None:
    count = len(tokenizer.encode("发货，", allow_special=False))
    pieces, writer = written(tokenizer, "发货，发货", "发", min_tokens=count + 1)
    assert "".join(pieces) == "发货，"
    assert writer.stop_string == "发"
