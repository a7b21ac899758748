"""An answer in Anthropic's words: its events, and all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from kantu.engine.request import Delta, End, FinishReason, Usage
from kantu.errors import InvalidRequestError, error
from kantu.service.chat.answer import Answer
from kantu.service.messages.shapes import Event, Message
from kantu.service.messages.writer import MessageWriter
from tests.service.gateways import TIMINGS

USAGE = Usage(10, 3, 2, 4)
TOLD = {
    "input_tokens": 6,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 4,
    "output_tokens": 2,
    "visual_tokens": 3,
}


def last(text: str = "", reason: FinishReason = "stop", stop_string: str | None = None) -> Delta:
    return Delta(text, (2,), End(reason, USAGE, TIMINGS, stop_string))


def new(most_bytes: int = 2**20) -> tuple[Answer, MessageWriter]:
    answer = Answer("1", 1_700_000_000, "m", 1, most_bytes, ["缩小了"])
    return answer, MessageWriter(answer)


def streamed(*deltas: Delta) -> list[tuple[str, dict[str, Any]]]:
    """(name, data) of each event."""
    answer, writer = new()
    sent = writer.first_events()
    for delta in deltas:
        answer.add(delta)
        sent += writer.events(delta)
    sent += b"".join(writer.last_events())
    found = []
    for block in sent.decode().strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def whole(*deltas: Delta) -> dict[str, Any]:
    answer, writer = new()
    for delta in deltas:
        answer.add(delta)
        writer.add(delta)
    read: dict[str, Any] = json.loads(b"".join(writer.whole()))
    return read


def test_a_stream_is_a_message_of_one_block_of_text() -> None:
    events = streamed(Delta("你", (1,)), Delta("", (1,)), last("好"))
    assert [name for name, _ in events] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    for name, data in events:
        assert data["type"] == name
        TypeAdapter(Event).validate_python(data)
    message = events[0][1]["message"]
    assert (message["id"], message["model"], message["role"], message["content"]) == ("msg_1", "m", "assistant", [])
    assert [data["delta"]["text"] for name, data in events if name == "content_block_delta"] == ["你", "好"]
    ending = events[-2][1]
    assert ending["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert ending["usage"] == TOLD
    assert ending["kantu"]["warnings"] == ["缩小了"]


def test_every_field_of_a_whole_answer_stands_where_anthropic_has_it() -> None:
    answer = whole(Delta("你", (1,)), last("好"))
    TypeAdapter(Message).validate_python(answer)
    assert list(answer)[:5] == ["id", "type", "role", "model", "content"]
    assert answer["content"] == [{"type": "text", "text": "你好"}]
    assert (answer["stop_reason"], answer["stop_sequence"], answer["usage"]) == ("end_turn", None, TOLD)
    assert answer["kantu"]["warnings"] == ["缩小了"]


def test_text_that_json_escapes_arrives_as_it_was_wherever_it_was_cut() -> None:
    pieces = ['"', "\\", "\n\0", '"text":""', "\u2028", "😀", '"}]', ""]
    deltas = [*(Delta(piece, (1,)) for piece in pieces), last()]
    assert whole(*deltas)["content"][0]["text"] == "".join(pieces)
    texts = [data["delta"]["text"] for name, data in streamed(*deltas) if name == "content_block_delta"]
    assert "".join(texts) == "".join(pieces)


@pytest.mark.parametrize(
    ("reason", "stop_string", "told"),
    [
        ("stop", None, ("end_turn", None)),
        ("stop", "。", ("stop_sequence", "。")),
        ("length", None, ("max_tokens", None)),
        ("repetition", None, ("repetition", None)),
    ],
)
def test_why_it_ended_is_told_in_anthropic_s_words(
    reason: FinishReason, stop_string: str | None, told: tuple[str, str | None]
) -> None:
    answer = whole(last("答", reason, stop_string))
    assert (answer["stop_reason"], answer["stop_sequence"]) == told
    ending = streamed(last("答", reason, stop_string))[-2][1]["delta"]
    assert (ending["stop_reason"], ending["stop_sequence"]) == told


def test_a_failure_is_an_event_in_anthropic_s_envelope() -> None:
    _, writer = new()
    name, data = writer.failure_events(error("engine_crashed"), "zh").decode().strip().split("\n")
    assert name == "event: error"
    body = json.loads(data.removeprefix("data: "))
    assert (body["type"], body["error"]["type"]) == ("error", "api_error")
    assert body["error"]["details"]["error_code"] == "engine_crashed"


def test_more_than_it_may_hold_is_refused_when_it_comes() -> None:
    _, writer = new(most_bytes=100)
    writer.add(Delta("a" * 100, (1,)))
    with pytest.raises(InvalidRequestError, match="answer_too_large"):
        writer.add(Delta("a", (1,)))
