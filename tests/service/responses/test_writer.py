"""The end of a stream repeats the text without a copy of it, and what is held of it is bounded."""

from __future__ import annotations

import json

import pytest

from kantu.engine.request import Delta, End, Usage
from kantu.errors import InvalidRequestError
from kantu.service.chat.answer import Answer
from kantu.service.chat.sending import pieces
from kantu.service.responses.schemas import CreateResponse
from kantu.service.responses.writer import ResponsesWriter
from tests.service.gateways import TIMINGS

PIECES = ['"', "\\", "\n\0", '"text":""', "</script>", "\u2028", "😀", '"]}', ""]


def writer_and_answer(most_bytes: int = 2**20) -> tuple[ResponsesWriter, Answer]:
    answer = Answer("1", 1_700_000_000, "m", 1, most_bytes, ["缩小了"])
    return ResponsesWriter(answer, CreateResponse.model_validate({"model": "m", "input": "?"})), answer


def streamed(*texts: str) -> ResponsesWriter:
    writer, answer = writer_and_answer()
    for text in texts:
        answer.add(Delta(text, (1,)))
        writer.events(Delta(text, (1,)))
    answer.add(Delta("", (), End("stop", Usage(10, 3, 2, 4), TIMINGS)))
    return writer


def test_text_that_json_escapes_arrives_as_it_was_in_every_event() -> None:
    sent = b"".join(pieces(streamed(*PIECES).last_events())).decode()
    found = [json.loads(block.partition("data: ")[2]) for block in sent.split("\n\n") if block]
    text = "".join(PIECES)
    assert found[0]["text"] == found[1]["part"]["text"] == found[2]["item"]["content"][0]["text"] == text
    assert found[3]["response"]["output"] == [found[2]["item"]]
    assert found[3]["response"]["kantu"]["warnings"] == ["缩小了"]


def test_the_text_is_held_once() -> None:
    parts = streamed("长" * 1000).last_events()
    long = {id(part) for part in parts if len(part) > 1000}
    assert len([part for part in parts if len(part) > 1000]) == 4
    assert len(long) == 1


def test_more_than_it_may_hold_is_refused_when_it_comes() -> None:
    writer, _ = writer_and_answer(20_000)
    with pytest.raises(InvalidRequestError, match="answer_too_large"):
        list(map(writer.events, [Delta("字" * 100, (7,))] * 100))
