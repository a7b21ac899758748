"""Paths, places and probabilities of the fields of a record."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.engine.request import Look, TokenLogprob
from kantu.solve.fields import looks, nodes, probabilities

TEXT = '{"状态": "待发货", "金额": null, "行": [["a", "b"], []], "n": -1.5e3 , "好": true}'


def found_in(text: str) -> dict[str, Any]:
    return {node.path: text[node.start : node.end] for node in nodes(text)}


def test_every_value_has_a_path_and_a_place() -> None:
    assert found_in(TEXT) == {
        "": TEXT,
        "状态": '"待发货"',
        "金额": "null",
        "行": '[["a", "b"], []]',
        "行[0]": '["a", "b"]',
        "行[0][0]": '"a"',
        "行[0][1]": '"b"',
        "行[1]": "[]",
        "n": "-1.5e3",
        "好": "true",
    }


def test_a_list_at_the_root_has_paths_of_places() -> None:
    assert list(found_in('[{"label": "甲", "bbox_2d": [1, 2]}]')) == [
        "",
        "[0]",
        "[0].label",
        "[0].bbox_2d",
        "[0].bbox_2d[0]",
        "[0].bbox_2d[1]",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_each_place_holds_its_value(value: Any, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    for node in nodes(text):
        assert json.loads(text[node.start : node.end]) == node.value


def tokens(*pieces: tuple[str | bytes, float]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(0, piece.encode() if isinstance(piece, str) else piece, math.log(probability))
        for piece, probability in pieces
    )


def test_a_field_is_as_probable_as_its_tokens_together() -> None:
    text = '{"a": "甲乙", "b": null}'
    first = "甲".encode()
    said = tokens(
        ('{"a": ', 1.0),
        ('"', 0.9),
        (first[:2], 0.5),
        (first[2:], 1.0),
        ("乙", 0.8),
        ('", "b": ', 0.7),
        ("null", 0.6),
        ("}", 1.0),
    )
    found = probabilities(nodes(text), text, said)
    assert found["a"] == pytest.approx(0.9 * 0.5 * 0.8 * 0.7)
    assert found["b"] == pytest.approx(0.6)
    assert found[""] == pytest.approx(0.9 * 0.5 * 0.8 * 0.7 * 0.6)


def test_the_end_token_counts_for_nothing_and_missing_probabilities_are_certain() -> None:
    text = '{"a": 1}'
    assert probabilities(nodes(text), text, (*tokens((text, 0.5)), *tokens((b"", 0.1))))["a"] == pytest.approx(0.5)


def test_what_was_looked_at_is_told_of_texts_without_their_quotes() -> None:
    text = '{"状态": "待发货", "件数": 2}'
    tokens = ['{"状态": "', "待", "发", "货", '"', ', "件数": ', "2", "}"]
    seen = [Look(0, 1, column, 4, 8, 0.9) for column in range(len(tokens))]
    told = [TokenLogprob(0, token.encode(), 0.0, look=look) for token, look in zip(tokens, seen, strict=True)]
    assert looks(nodes(text), text, told) == {"状态": tuple(seen[1:4])}


def test_of_models_that_do_not_tell_nothing_is_known() -> None:
    assert looks(nodes(TEXT), TEXT, [TokenLogprob(0, TEXT.encode(), 0.0)]) == {}
