"""The whole answer is the same JSON however it came, in pieces that are short, and of a bounded size."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kantu.engine.request import Delta, End, TokenLogprob, Usage
from kantu.errors import InvalidRequestError
from kantu.service.chat import writer as module
from kantu.service.chat.answer import Answer
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.sending import PIECE_BYTES, Parts, pieces, size_bytes
from kantu.service.chat.writer import ChatWriter
from tests.service.gateways import TIMINGS

TOP = tuple((id_, "选项".encode(), -float(id_)) for id_ in range(20))
TOKEN = TokenLogprob(7, "图".encode(), -0.5, TOP)


def fed(*deltas: Delta, answers: int = 1, logprobs: bool = False, most_bytes: int = 2**30) -> ChatWriter:
    answer = Answer("1", 1_700_000_000, "m", answers, most_bytes, ["缩小了"])
    body = {"model": "m", "messages": [{"role": "user", "content": "?"}], "logprobs": logprobs}
    writer = ChatWriter(answer, ChatRequest.model_validate(body))
    for delta in deltas:
        answer.add(delta)
        writer.add(delta)
    return writer


def written(*deltas: Delta, **options: Any) -> Parts:
    return fed(*deltas, **options).whole()


def last(text: str = "", index: int = 0, **fields: Any) -> Delta:
    return Delta(text, (), End("stop", Usage(10, 3, 2, 4), TIMINGS), index, **fields)


def read(whole: Parts) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(pieces(whole)))
    return found


def test_every_field_stands_where_openai_has_it() -> None:
    answer = read(written(Delta("你", (1,)), Delta("好", (2,), index=1), last("！"), last(index=1), answers=2))
    assert list(answer) == ["id", "created", "model", "object", "system_fingerprint", "choices", "usage", "kantu"]
    assert (answer["id"], answer["model"], answer["object"]) == ("chatcmpl-1", "m", "chat.completion")
    assert answer["choices"] == [
        {
            "index": index,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
        for index, text in enumerate(("你！", "好"))
    ]
    assert answer["usage"]["completion_tokens"] == 4
    assert answer["kantu"]["warnings"] == ["缩小了"]


def test_text_that_json_escapes_arrives_as_it_was_wherever_it_was_cut() -> None:
    pieces = ['"', "\\", "\n\0", "</script>", "\u2028", "😀", '"]}', ""]
    assert read(written(*(Delta(piece, (1,)) for piece in pieces), last()))["choices"][0]["message"]["content"] == (
        "".join(pieces)
    )


def test_logprobs_stand_in_order_and_infinity_is_a_number() -> None:
    never = TokenLogprob(8, b"\xff", float("-inf"), ())
    answer = read(
        written(Delta("图", (7, 8), logprobs=(TOKEN, never)), last(logprobs=(TOKEN,)), logprobs=True),
    )
    first, second, third = answer["choices"][0]["logprobs"]["content"]
    assert first == third
    assert (first["token"], first["logprob"], first["bytes"]) == ("图", -0.5, list("图".encode()))
    assert [top["logprob"] for top in first["top_logprobs"]] == [-float(id_) for id_ in range(20)]
    assert second == {"token": "\ufffd", "logprob": -9999.0, "bytes": [255], "top_logprobs": []}


def test_logprobs_that_were_asked_for_and_did_not_come_are_an_empty_list() -> None:
    assert read(written(last(), logprobs=True))["choices"][0]["logprobs"] == {"content": [], "refusal": None}


def test_a_short_answer_is_one_piece_and_a_long_one_many_of_a_bounded_length() -> None:
    assert len(list(pieces(written(last("短"))))) == 1
    whole = written(*[Delta("图", (7,), logprobs=(TOKEN,))] * 1000, last(), logprobs=True)
    sent = list(pieces(whole))
    assert {len(piece) for piece in sent[:-1]} == {PIECE_BYTES}
    assert 0 < len(sent[-1]) <= PIECE_BYTES
    assert sum(map(len, sent)) == size_bytes(whole) > 10 * PIECE_BYTES


def test_at_the_end_nothing_is_left_to_encode_but_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the loop does at once does not grow with the answer: a token is encoded when it comes."""
    writer = fed(*[Delta("图", (7,), logprobs=(TOKEN,))] * 1000, last(), logprobs=True)
    encoded: list[int] = []
    encode = module.encode

    def counted(content: Any) -> bytes:
        result = encode(content)
        encoded.append(len(result))
        return result

    monkeypatch.setattr(module, "encode", counted)
    whole = writer.whole()
    assert size_bytes(whole) > 10 * PIECE_BYTES
    list(pieces(whole))
    assert sum(encoded) < 4096


def test_more_than_it_may_hold_is_refused_when_it_comes() -> None:
    with pytest.raises(InvalidRequestError, match="answer_too_large") as refused:
        fed(*[Delta("图", (7,), logprobs=(TOKEN,))] * 100, logprobs=True, most_bytes=50_000)
    assert refused.value.param == "top_logprobs"
    with pytest.raises(InvalidRequestError):
        fed(*[Delta("字" * 100, (7,))] * 100, most_bytes=20_000)
    fed(*[Delta("字" * 100, (7,))] * 100, most_bytes=30_000)
