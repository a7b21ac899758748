"""Streams of chat-completions servers as deltas, errors and scores."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from kantu.engine.remote import answer
from kantu.engine.remote.answer import (
    MAX_RETRY_AFTER_SECONDS,
    UNKNOWN_TOKEN,
    AnswerReader,
    choice_probabilities,
    read_events,
    read_retry_after,
    status_error,
)
from kantu.engine.request import Delta, TokenLogprob, Usage
from kantu.errors import InvalidRequestError, KantuError, UpstreamError
from tests.engine.engines import end_of
from tests.fake_upstream import piece, usage

STREAM = (
    ': 注释\r\n\r\ndata: {"a":\r\ndata: "图"}\r\nid: 3\r\n\r\nevent: error\ndata:x\n\ndata: [DONE]\r\rdata: 没有说完'
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_survive_any_cut(size: int) -> None:
    raw = STREAM.encode()
    chunks = [raw[start : start + size] for start in range(0, len(raw), size)]
    assert list(read_events(chunks)) == [("", '{"a":\n"图"}'), ("error", "x"), ("", "[DONE]")]


def test_old_llama_cpp_errors_are_events() -> None:
    assert list(read_events([b'error: {"code": 500}\n\n'])) == [("error", '{"code": 500}')]


@pytest.mark.parametrize("stream", [b"data: \xff\n\n", b"data: " + b"x" * 100, b"data: xxxxx\n" * 20 + b"\n"])
def test_hostile_streams_are_bad_answers(stream: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_EVENT_BYTES", 64)
    with pytest.raises(UpstreamError) as error:
        list(read_events([stream]))
    assert error.value.code == "upstream_bad_answer"


def read(*events: Any, n: int = 1, wrapped: bool = False) -> list[Delta]:
    """All deltas of a stream whose events come a second apart, sent at second 10, after half a second's work."""
    reader = AnswerReader(n, wrapped=wrapped)
    deltas: list[Delta] = []
    for at, event in enumerate(events, 11):
        deltas += reader.feed("", event if isinstance(event, str) else json.dumps(event), float(at))
    return deltas + reader.finish(10.0, 0.5)


def reason(delta: Delta) -> str | None:
    return None if delta.end is None else delta.end.finish_reason


def failing(*events: Any, **options: Any) -> KantuError:
    with pytest.raises(KantuError) as error:
        read(*events, **options)
    return error.value


def test_deltas_usage_and_timings() -> None:
    role = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]}
    deltas = read(role, piece("你"), piece("好"), piece("", "stop"), usage(7, 3, cached=4), "[DONE]")
    assert [(delta.text, delta.token_ids, reason(delta)) for delta in deltas] == [
        ("你", (), None),
        ("好", (), None),
        ("", (), "stop"),
    ]
    end = end_of(deltas)
    assert end.usage == Usage(7, 0, 3, cached_tokens=4)
    assert (end.timings.preprocess_seconds, end.timings.encode_seconds) == (0.5, 0.0)
    assert (end.timings.ttft_seconds, end.timings.total_seconds) == (2.5, 3.5)
    assert end.timings.tpot_seconds == 0.5  # a second between the first token and the last of three


@pytest.mark.parametrize("given", ["stop", "length", "repetition"])
def test_finish_reasons(given: str) -> None:
    (delta,) = read(piece("好", given), usage(1, 1), "[DONE]")
    assert (delta.text, reason(delta)) == ("好", given)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("content_filter", "upstream_filtered"),
        ("abort", "upstream_failed"),
        ("tool_calls", "upstream_bad_answer"),
        (3, "upstream_bad_answer"),
    ],
)
def test_other_finish_reasons_are_errors(reason: Any, code: str) -> None:
    assert failing(piece("好", reason)).code == code


def test_empty_finish_reason_of_old_ollama_goes_on() -> None:
    assert [delta.text for delta in read(piece("你", ""), piece("好", "stop"))] == ["你", "好"]


def test_visual_tokens_are_known_where_the_server_tells() -> None:
    assert end_of(read(piece("好", "stop"), usage(70, 3, images=60), "[DONE]")).usage == Usage(70, 60, 3)


def test_missing_usage_counts_pieces() -> None:
    assert end_of(read(piece("你"), piece("好", "stop"), "[DONE]")).usage == Usage(0, 0, 2)


def test_several_answers_keep_apart_and_take_their_own_usage() -> None:
    own = {"prompt_tokens": 5, "completion_tokens": 2}
    deltas = read(
        piece("甲", index=1),
        piece("乙", index=0),
        {**piece("", "stop", index=1), "usage": own},
        {**piece("丙", "length", index=0), "usage": {**own, "completion_tokens": 3}},
        usage(5, 5),
        "[DONE]",
        n=2,
    )
    assert [(delta.index, delta.text, reason(delta)) for delta in deltas] == [
        (1, "甲", None),
        (0, "乙", None),
        (0, "丙", "length"),
        (1, "", "stop"),
    ]
    assert [end_of([delta]).usage for delta in deltas[2:]] == [Usage(5, 0, 3), Usage(5, 0, 2)]


def test_one_usage_for_several_answers_goes_to_the_first() -> None:
    deltas = read(piece("甲", "stop"), piece("乙", "stop", index=1), usage(5, 4), "[DONE]", n=2)
    assert [end_of([delta]).usage for delta in deltas] == [Usage(5, 0, 4), Usage(5, 0, 0)]


def entry(token: str, logprob: float, *top: tuple[str, float], raw: list[int] | None = None) -> dict[str, Any]:
    others = [{"token": text, "logprob": value} for text, value in top]
    return {"token": token, "logprob": logprob, "bytes": raw, "top_logprobs": others}


def test_logprobs_carry_bytes_and_no_ids() -> None:
    content = [entry("\ufffd", -0.5, ("好", -1.0), raw=[0xE4, 0xBD]), entry("好", 1e-7)]
    delta, _ = read(piece("你", logprobs={"content": content}), piece("", "stop"))
    assert delta.logprobs == (
        TokenLogprob(UNKNOWN_TOKEN, b"\xe4\xbd", -0.5, ((UNKNOWN_TOKEN, "好".encode(), -1.0),)),
        TokenLogprob(UNKNOWN_TOKEN, "好".encode(), 0.0),
    )


def test_wrapped_choice_is_taken_out() -> None:
    (delta,) = read(piece('{"answer":'), piece(' "是"}'), piece("", "stop"), usage(3, 5), "[DONE]", wrapped=True)
    assert (delta.text, reason(delta)) == ("是", "stop")
    assert failing(piece('{"answer":', "length"), "[DONE]", wrapped=True).code == "upstream_bad_answer"


@pytest.mark.parametrize(
    "event",
    [
        "不是 JSON",
        "[]",
        "3",
        "{}",
        {"choices": [{"index": 0}]},
        {"choices": {}, "usage": {"prompt_tokens": "x"}},
        piece("x", index=1),
        piece("x", index=-1),
        {"choices": [{"index": 0, "delta": {"content": 3}}]},
        piece("x", logprobs={"content": [{"token": "x", "logprob": "?"}]}),
        piece("x", logprobs={"content": [{"token": "x", "logprob": 0, "bytes": [300]}]}),
        "[" * 100_000,
    ],
)
def test_broken_events_are_bad_answers(event: Any) -> None:
    assert failing(event).code == "upstream_bad_answer"


def test_text_after_the_end_is_a_bad_answer() -> None:
    assert failing(piece("好", "stop"), piece("坏")).code == "upstream_bad_answer"


def test_streams_that_stop_short() -> None:
    assert failing(piece("你")).code == "upstream_failed"
    assert failing(piece("你"), "[DONE]").code == "upstream_bad_answer"
    assert failing(piece("你", "stop"), "[DONE]", n=2).code == "upstream_bad_answer"


def test_error_events() -> None:
    report = {"error": {"message": "秘密", "type": "BadRequestError", "code": 400}}
    refused = failing(report)
    assert isinstance(refused, InvalidRequestError)
    assert refused.code == "upstream_refused"
    assert "秘密" not in f"{refused}{refused.message_en}"
    assert failing(piece("你"), report).code == "upstream_failed"
    assert failing({"error": "秘密"}).code == "upstream_failed"
    with pytest.raises(UpstreamError) as error:
        AnswerReader(1).feed("error", "秘密", 0.0)
    assert error.value.code == "upstream_failed"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, InvalidRequestError, "upstream_refused"),
        (422, InvalidRequestError, "upstream_refused"),
        (401, UpstreamError, "upstream_unauthorized"),
        (403, UpstreamError, "upstream_unauthorized"),
        (404, UpstreamError, "upstream_failed"),
        (500, UpstreamError, "upstream_failed"),
    ],
)
def test_statuses(status: int, kind: type, code: str) -> None:
    error = status_error(status)
    assert type(error) is kind
    assert error.code == code
    assert str(status) in error.message
    assert str(status) in error.message_en


def test_retry_after_as_seconds_date_or_nonsense() -> None:
    assert read_retry_after("7", 1.0) == 7.0
    assert read_retry_after("9" * 400, 1.0) == MAX_RETRY_AFTER_SECONDS
    assert 8 < read_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=10)), 1.0) <= 10
    assert read_retry_after(format_datetime(datetime.now(UTC) - timedelta(days=1)), 1.0) == 0.0
    for nonsense in (None, "", "soon", "-5", "²"):
        assert read_retry_after(nonsense, 1.5) == 1.5


def token(text: str, **top: float) -> TokenLogprob:
    """A token of an answer; `top` gives probabilities."""
    alternatives = tuple((UNKNOWN_TOKEN, name.encode(), math.log(value)) for name, value in top.items())
    return TokenLogprob(UNKNOWN_TOKEN, text.encode(), 0.0, alternatives)


def test_probabilities_are_made_to_add_up_to_one() -> None:
    tokens = [token("是", 是=0.6, 否=0.2, 图=0.1), token("<|im_end|>")]
    assert choice_probabilities(["是", "否"], 0, tokens) == pytest.approx((0.75, 0.25))


def test_probabilities_come_from_the_first_token_that_tells() -> None:
    tokens = [token("已", 已=1.0), token("发货", 发货=0.3, 取消=0.1)]
    assert choice_probabilities(["已取消", "已发货"], 1, tokens) == pytest.approx((0.25, 0.75))


def test_several_tokens_may_begin_one_choice() -> None:
    tokens = [token("未", 未=0.3, 未付款=0.3, 已发货=0.4), token("付款")]
    assert choice_probabilities(["已发货", "未付款"], 1, tokens) == pytest.approx((0.4, 0.6))


def test_end_token_tells_a_choice_from_a_longer_one() -> None:
    tokens = [token("发货", 发货=1.0), token("<|im_end|>", **{"<|im_end|>": 0.8, "中": 0.2})]
    assert choice_probabilities(["发货", "发货中"], 0, tokens) == pytest.approx((0.8, 0.2))


def test_wrapped_choices_are_found_in_their_json() -> None:
    tokens = [token('{"answer'), token('":"', **{'":"': 1.0}), token('r"}', **{'r"}': 0.5, "s": 0.5})]
    assert choice_probabilities(["r", "s"], 0, tokens) == pytest.approx((0.5, 0.5))
    merged = [token('{"answer":'), token(' "是', **{' "是': 0.9, ' "否': 0.1}), token('"}')]
    assert choice_probabilities(["否", "是"], 1, merged) == pytest.approx((0.1, 0.9))


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [token("是")],
        [token("是", 是=0.9, 图=0.1)],  # one choice is not among the alternatives
        [token("别的", 别的=1.0)],
    ],
)
def test_no_probabilities_without_all_choices(tokens: list[TokenLogprob]) -> None:
    assert choice_probabilities(["是", "否"], 0, tokens) is None


def test_no_probabilities_where_choices_share_too_much() -> None:
    tokens = [token("未付款", 已=0.5, 已发货=0.001, 已取消=0.001, 未付款=0.3)]
    assert choice_probabilities(["已发货", "已取消", "未付款"], 2, tokens) is None
