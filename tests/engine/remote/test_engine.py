"""The remote engine against servers on 127.0.0.1 that misbehave."""

from __future__ import annotations

import builtins
import itertools
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from kantu.engine.protocol import DeltaStream, Engine
from kantu.engine.remote.engine import RemoteEngine, RemoteSettings, Upstream
from kantu.engine.request import Constraint, Delta, Request, SamplingParams, Usage
from kantu.errors import (
    CancelledError,
    DeadlineExceededError,
    EngineError,
    InvalidRequestError,
    KantuError,
    MissingDependencyError,
    OverloadedError,
    UpstreamError,
    install_command,
)
from kantu.processing.conversation import Turn
from tests.engine.engines import end_of
from tests.fake_upstream import Exchange, FakeUpstream, piece, refuse, say, serve, stream, usage

KEY = "sk-geheim"
PROMPT = "绝密的问题"
QUESTION = Request((Turn("user", PROMPT),))
WAIT = 30.0  # seconds that nothing here comes near, unless it is broken

Reply = Callable[[Exchange], None]


@contextmanager
def engine_over(*replies: Reply, dialect: Any = "vllm", **settings: Any) -> Iterator[tuple[Any, list[FakeUpstream]]]:
    """An engine over one server for each reply; nothing may be left of any request in the end."""
    with ExitStack() as stack:
        fakes = [stack.enter_context(serve(reply)) for reply in replies]
        upstreams = [Upstream(fake.url, f"m{index}", KEY, dialect) for index, fake in enumerate(fakes)]
        engine = RemoteEngine(upstreams, RemoteSettings(**{"health_seconds": 60.0, **settings}))
        stack.callback(engine.close)
        yield engine, fakes
        engine.check()


def ask(engine: Engine, request: Request = QUESTION) -> list[Delta]:
    return list(DeltaStream(engine, request))


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def never(exchange: Exchange) -> None:
    exchange.wait_for_hang_up()


def begin_and_hang(exchange: Exchange) -> None:
    exchange.start()
    exchange.event(piece("你"))
    exchange.wait_for_hang_up()


def cut(exchange: Exchange) -> None:
    """Drop the connection without an answer."""
    exchange.connection.shutdown(socket.SHUT_RDWR)
    exchange.close_connection = True


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_answer_streams_with_usage_and_timings() -> None:
    with engine_over(say("你", "好")) as (engine, (fake,)):
        deltas = ask(engine, Request(QUESTION.turns, preprocess_seconds=0.25))
        assert [delta.text for delta in deltas] == ["你", "好", ""]
        end = end_of(deltas)
        assert end.finish_reason == "stop"
        assert end.usage == Usage(7, 0, 3, 3)
        assert 0.25 < end.timings.ttft_seconds <= end.timings.total_seconds < WAIT
        assert fake.bodies[0]["model"] == "m0"
        assert fake.keys == [f"Bearer {KEY}"]
        stats = engine.stats()
        assert stats.counters == {
            "requests_finished": 1,
            "finish_stop": 1,
            "prompt_tokens": 7,
            "cached_tokens": 3,
            "output_tokens": 3,
        }
        assert stats.gauges == {"waiting": 0, "running": 0, "upstreams": 1, "upstreams_healthy": 1}
        assert stats.histograms["ttft_seconds"].count == stats.histograms["queue_seconds"].count == 1


def test_tokens_arrive_as_they_are_made() -> None:
    seen = threading.Event()

    def slow(exchange: Exchange) -> None:
        exchange.start()
        raw = b': ping\r\n\r\ndata: {"choices": [{"index": 0, "delta": {"content": "\xe4\xbd\xa0"}}]}\r\n\r\n'
        for start in range(0, len(raw), 40):
            exchange.send(raw[start : start + 40])
        assert seen.wait(WAIT)  # the next token is made only after the first was heard of
        exchange.event(piece("好", "stop"))
        exchange.done()

    with engine_over(slow) as (engine, _):
        deltas = DeltaStream(engine, QUESTION)
        assert next(deltas).text == "你"
        seen.set()
        assert text_of(list(deltas)) == "好"


def test_choice_in_the_openai_dialect_comes_without_its_json() -> None:
    request = Request(QUESTION.turns, sampling=SamplingParams(constraint=Constraint.choice(["是", "否"])))
    with engine_over(say('{"answer":', ' "否"}'), dialect="openai") as (engine, _):
        assert text_of(ask(engine, request)) == "否"


def test_tenants_get_salts_that_name_nobody() -> None:
    with engine_over(say("好")) as (engine, (fake,)):
        for tenant in ("甲", "乙", "甲", ""):
            ask(engine, Request(QUESTION.turns, tenant=tenant))
        first, second, third, none = (body.get("cache_salt") for body in fake.bodies)
        assert first == third != second
        assert none is None
        assert len(first) >= 43
        assert "甲" not in first


FAILURES: list[tuple[Reply, type[KantuError], str]] = [
    (refuse(400, PROMPT), InvalidRequestError, "upstream_refused"),
    (refuse(422), InvalidRequestError, "upstream_refused"),
    (refuse(401), UpstreamError, "upstream_unauthorized"),
    (refuse(403), UpstreamError, "upstream_unauthorized"),
    (refuse(404), UpstreamError, "upstream_failed"),
    (refuse(500, KEY), UpstreamError, "upstream_failed"),
    (refuse(502), UpstreamError, "upstream_failed"),
    (refuse(504), UpstreamError, "upstream_failed"),
    (refuse(307, Location="http://127.0.0.1:1/"), UpstreamError, "upstream_failed"),
    (refuse(429, Retry_After="3"), OverloadedError, "overloaded"),
    (refuse(503), OverloadedError, "overloaded"),
    (refuse(200, '{"choices": []}'), UpstreamError, "upstream_bad_answer"),
    (stream("不是 JSON"), UpstreamError, "upstream_bad_answer"),
    (stream(piece("你"), {"error": {"message": KEY, "code": 500}}), UpstreamError, "upstream_failed"),
    (stream(piece("你")), UpstreamError, "upstream_failed"),
    (stream(piece("你"), "[DONE]"), UpstreamError, "upstream_bad_answer"),
    (stream(piece("你", "content_filter")), UpstreamError, "upstream_filtered"),
    (cut, UpstreamError, "upstream_failed"),
    (never, UpstreamError, "upstream_timeout"),
    (begin_and_hang, UpstreamError, "upstream_timeout"),
]


@pytest.mark.parametrize(("reply", "kind", "code"), FAILURES)
def test_failures_are_typed_and_tell_no_secret(
    reply: Reply, kind: type[KantuError], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with engine_over(reply, read_seconds=0.1) as (engine, _):
        with pytest.raises(KantuError) as caught:
            ask(engine)
        error = caught.value
        assert type(error) is kind
        assert error.code == code
        told = "".join(traceback.format_exception(error)) + error.message_en + caplog.text
        assert KEY not in told
        assert PROMPT not in told
        linked: BaseException | None = error
        while linked is not None:  # nor does any library's error hang on to it
            assert isinstance(linked, KantuError) or "httpx" not in type(linked).__module__
            linked = linked.__context__
        assert engine.stats().counters["requests_failed"] == 1


def test_unreachable_upstream_is_skipped_until_it_answers_again() -> None:
    port = closed_port()
    upstream = Upstream(f"http://127.0.0.1:{port}/v1", "m")
    engine = RemoteEngine([upstream], RemoteSettings(health_seconds=0.02))
    try:
        with pytest.raises(UpstreamError, match="upstream_unreachable"):
            ask(engine)
        assert engine.stats().gauges["upstreams_healthy"] == 0
        with serve(say("好"), port=port):
            until(lambda: engine.stats().gauges["upstreams_healthy"] == 1)
            assert text_of(ask(engine)) == "好"
    finally:
        engine.close()


def test_upstream_whose_probe_fails_gets_nothing() -> None:
    with engine_over(say("甲"), say("乙"), health_seconds=0.02) as (engine, (first, _)):
        first.models_status = 500
        until(lambda: engine.stats().gauges["upstreams_healthy"] == 1)
        assert text_of(ask(engine)) == "乙"
        first.models_status = 401  # it answers; what it thinks of the key is for requests to report
        until(lambda: engine.stats().gauges["upstreams_healthy"] == 2)
        assert text_of(ask(engine)) == "甲"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_another_upstream_takes_what_one_did_not_begin(status: int) -> None:
    with engine_over(refuse(status), say("乙")) as (engine, (first, second)):
        assert text_of(ask(engine)) == "乙"
        assert (len(first.bodies), len(second.bodies)) == (1, 1)
        assert second.bodies[0]["model"] == "m1"
        assert engine.stats().counters["upstream_retries"] == 1


def test_another_upstream_takes_what_cannot_connect() -> None:
    with serve(say("乙")) as fake:
        down = Upstream(f"http://127.0.0.1:{closed_port()}/v1", "m")
        engine = RemoteEngine([down, Upstream(fake.url, "m")], RemoteSettings(health_seconds=60))
        assert text_of(ask(engine)) == "乙"
        engine.close()


@pytest.mark.parametrize("reply", [cut, never, stream(piece("你")), refuse(500), refuse(400)])
def test_what_one_upstream_began_goes_to_no_other(reply: Reply) -> None:
    with engine_over(reply, say("乙"), read_seconds=0.1) as (engine, (_, second)):
        with pytest.raises(KantuError):
            ask(engine)
        assert second.bodies == []


def test_full_upstreams_rest_as_long_as_they_ask() -> None:
    with engine_over(refuse(429, Retry_After="30"), refuse(503, Retry_After="20")) as (engine, (first, second)):
        with pytest.raises(OverloadedError) as caught:
            ask(engine)
        assert 19 < caught.value.retry_after_seconds <= 20
        with pytest.raises(OverloadedError):
            ask(engine)  # told without asking them again
        assert (len(first.bodies), len(second.bodies)) == (1, 1)


def test_requests_spread_over_the_least_loaded() -> None:
    release = threading.Event()

    def hold(exchange: Exchange) -> None:
        release.wait(WAIT)
        say("好")(exchange)

    with engine_over(hold, hold, hold) as (engine, fakes):
        streams = [DeltaStream(engine, QUESTION) for _ in range(9)]
        until(lambda: sum(len(fake.bodies) for fake in fakes) == 9)
        assert [len(fake.bodies) for fake in fakes] == [3, 3, 3]
        release.set()
        assert all(text_of(list(deltas)) == "好" for deltas in streams)


@pytest.mark.parametrize("reply", [never, begin_and_hang])
def test_cancel_hangs_up_at_once(reply: Reply) -> None:
    with engine_over(reply) as (engine, (fake,)):
        deltas = DeltaStream(engine, QUESTION)
        until(lambda: bool(fake.bodies))
        deltas.cancel()
        with pytest.raises(CancelledError) as caught:
            list(deltas)
        assert caught.value.code == "cancelled"
        assert fake.hung_up.wait(WAIT)
        deltas.cancel()  # does nothing now
        assert engine.stats().counters["requests_cancelled"] == 1
        assert engine.stats().gauges["running"] == 0


def test_waiting_requests_are_bounded_cancelled_and_started_in_turn() -> None:
    release = threading.Event()

    def hold(exchange: Exchange) -> None:
        release.wait(WAIT)
        say("好")(exchange)

    with engine_over(hold, max_in_flight=1, max_waiting=2) as (engine, (fake,)):
        running, cancelled, waiting = (DeltaStream(engine, QUESTION) for _ in range(3))
        with pytest.raises(OverloadedError) as caught:
            engine.submit(QUESTION, lambda item: None)
        assert 1 <= caught.value.retry_after_seconds <= 60
        assert engine.stats().gauges["waiting"] == 2
        cancelled.cancel()
        with pytest.raises(CancelledError):
            list(cancelled)
        assert engine.stats().gauges["waiting"] == 1
        release.set()
        assert text_of(list(running)) == text_of(list(waiting)) == "好"
        assert len(fake.bodies) == 2
        assert engine.stats().counters["rejected_queue_full"] == 1


def test_deadline_ends_running_and_waiting_requests() -> None:
    with engine_over(begin_and_hang, max_in_flight=1) as (engine, (fake,)):
        started = time.monotonic()
        # The one that waits is out of time first, or it would run for a moment.
        streams = [DeltaStream(engine, Request(QUESTION.turns, timeout_seconds=limit)) for limit in (0.1, 0.05)]
        for deltas in streams:
            with pytest.raises(DeadlineExceededError) as caught:
                list(deltas)
            assert caught.value.code == "deadline_exceeded"
        assert 0.1 <= time.monotonic() - started < WAIT
        assert fake.hung_up.wait(WAIT)
        assert len(fake.bodies) == 1


def test_listener_that_raises_cancels_its_request() -> None:
    calls: list[object] = []

    def listener(item: object) -> None:
        calls.append(item)
        raise RuntimeError("listener")

    with engine_over(begin_and_hang) as (engine, (fake,)):
        engine.submit(QUESTION, listener)
        assert fake.hung_up.wait(WAIT)
        until(lambda: engine.stats().gauges["running"] == 0)
        assert len(calls) == 1
        assert engine.stats().counters["listener_errors"] == engine.stats().counters["requests_cancelled"] == 1


def test_fifty_requests_at_once() -> None:
    count = itertools.count()

    def echo(exchange: Exchange) -> None:
        text = exchange.body["messages"][0]["content"]
        time.sleep(0.001 * (next(count) % 5))
        say(*text)(exchange)

    with engine_over(echo, echo) as (engine, fakes):
        texts = [f"第{index}个" for index in range(50)]
        streams = [DeltaStream(engine, Request((Turn("user", text),))) for text in texts]
        assert [text_of(list(deltas)) for deltas in streams] == texts
        assert sum(len(fake.bodies) for fake in fakes) == 50
        assert engine.stats().counters["requests_finished"] == 50


def test_close_cancels_everything_and_may_be_called_twice() -> None:
    before = threading.active_count()
    with serve(begin_and_hang) as fake:
        engine = RemoteEngine([Upstream(fake.url, "m")], RemoteSettings(max_in_flight=1))
        streams = [DeltaStream(engine, QUESTION), DeltaStream(engine, QUESTION)]
        until(lambda: bool(fake.bodies))
        engine.close()
        engine.close()
        for deltas in streams:
            with pytest.raises(CancelledError, match="engine_closed"):
                list(deltas)
        with pytest.raises(CancelledError, match="engine_closed"):
            engine.submit(QUESTION, lambda item: None)
        assert fake.hung_up.wait(WAIT)
    until(lambda: threading.active_count() <= before)


def test_close_from_a_listener() -> None:
    heard: list[object] = []
    with serve(begin_and_hang) as fake:
        engine = RemoteEngine([Upstream(fake.url, "m")])

        def listener(item: object) -> None:
            heard.append(item)
            engine.close()

        engine.submit(QUESTION, listener)
        until(lambda: len(heard) == 2)
        assert isinstance(heard[1], CancelledError)


def test_request_that_no_dialect_can_carry_is_refused_at_once() -> None:
    with engine_over(say("好"), dialect="openai") as (engine, (fake,)):
        with pytest.raises(InvalidRequestError, match="not_supported_by_upstream"):
            engine.submit(Request(QUESTION.turns, sampling=SamplingParams(top_k=5)), lambda item: None)
        assert fake.bodies == []


def test_request_goes_only_where_the_dialect_can_carry_it() -> None:
    with serve(say("甲")) as plain, serve(say("乙")) as vllm:
        engine = RemoteEngine([Upstream(plain.url, "m", dialect="openai"), Upstream(vllm.url, "m")])
        assert text_of(ask(engine, Request(QUESTION.turns, sampling=SamplingParams(top_k=5)))) == "乙"
        assert text_of(ask(engine)) == "甲"
        engine.close()


def scoring(text: str, *top: tuple[str, float]) -> Reply:
    """Answers `text` as one token with these alternatives."""
    others = [{"token": name, "logprob": logprob} for name, logprob in top]
    logprobs = {"content": [{"token": text, "logprob": 0.0, "top_logprobs": others}]} if top else None
    return stream(piece(text, logprobs=logprobs), piece("", "stop"), usage(9, 2), "[DONE]")


def test_score_with_logprobs() -> None:
    with engine_over(scoring("否", ("否", -0.5), ("是", -1.5), ("图", -3.0))) as (engine, (fake,)):
        scores = engine.score(QUESTION, ["是", "否"])
        assert scores.probabilities == pytest.approx((0.26894, 0.73106), abs=1e-5)
        assert scores.best == 1
        assert scores.usage == Usage(9, 0, 2)
        body = fake.bodies[0]
        assert (body["temperature"], body["top_logprobs"]) == (0.0, 20)
        assert body["structured_outputs"] == {"choice": ["是", "否"]}


def test_score_without_logprobs_names_the_answered_choice() -> None:
    with engine_over(scoring("否")) as (engine, _):
        scores = engine.score(QUESTION, ["是", "否"])
        assert (scores.probabilities, scores.best) == (None, 1)


def test_score_raises_what_the_listener_would_hear() -> None:
    with engine_over(scoring("也许")) as (engine, (fake,)):
        with pytest.raises(UpstreamError, match="upstream_bad_answer"):
            engine.score(QUESTION, ["是", "否"])  # the server ignored the constraint
        fake.reply = refuse(500)
        with pytest.raises(UpstreamError, match="upstream_failed"):
            engine.score(QUESTION, ["是", "否"])
        with pytest.raises(InvalidRequestError, match="invalid_choices"):
            engine.score(QUESTION, ["是"])


def test_a_defect_fails_one_request_and_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> bytes:
        raise ZeroDivisionError(PROMPT)

    with engine_over(say("好")) as (engine, _):
        with monkeypatch.context() as patch:
            patch.setattr("kantu.engine.remote.engine.to_body", broken)
            with pytest.raises(EngineError, match="engine_failed"):
                ask(engine)
        assert "ZeroDivisionError" in caplog.text
        assert PROMPT not in caplog.text
        assert text_of(ask(engine)) == "好"


@pytest.mark.parametrize(
    ("upstreams", "settings", "code"),
    [
        ([], {}, "invalid_upstream"),
        ([Upstream("http://a/v1", "m")] * 2, {}, "invalid_upstream"),
        ([Upstream("http://a/v1", "m")], {"ca_file": "没有这个文件"}, "invalid_ca_file"),
        ([Upstream("http://a/v1", "m")], {"max_in_flight": 0}, "invalid_remote_settings"),
        ([Upstream("http://a/v1", "m")], {"read_seconds": 0.0}, "invalid_remote_settings"),
    ],
)
def test_engines_that_cannot_be(upstreams: list[Upstream], settings: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        RemoteEngine(upstreams, RemoteSettings(**settings))
    assert caught.value.code == code


def test_missing_httpx_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_httpx(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "httpx":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_httpx)
    with pytest.raises(MissingDependencyError) as caught:
        RemoteEngine([Upstream("http://a/v1", "m")])
    assert caught.value.code == "httpx_missing"
    assert install_command("service") in caught.value.message
