"""An engine in a child process answers as it would here, and what happens to the child is not the caller's end."""

from __future__ import annotations

import queue
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kantu.engine.process import ProcessEngine
from kantu.engine.protocol import DeltaStream
from kantu.engine.request import Delta, End, Request, Scores
from kantu.errors import (
    CancelledError,
    EngineError,
    InvalidRequestError,
    KantuError,
    ModelNotFoundError,
    NotReadyError,
    OverloadedError,
)
from kantu.processing.image import CleanImage, content_hash
from tests.engine.process.engines import WAIT_SECONDS, answer, process_engine, question, started
from tests.engine.process.fakes import SECRET, TIMINGS, USAGE, Stubborn, load_after, load_broken, load_unknown

pytestmark = [pytest.mark.whole, pytest.mark.usefixtures("nothing_is_left")]

# Answers


def test_deltas_come_one_by_one_and_unchanged(engine: ProcessEngine) -> None:
    assert list(DeltaStream(engine, question("为什么"))) == [
        *(Delta(letter, (ord(letter),)) for letter in "为什么"),
        Delta("", (), End("stop", USAGE, TIMINGS)),
    ]


def test_all_answers_of_a_request_come(engine: ProcessEngine) -> None:
    deltas = list(DeltaStream(engine, question("ab", n=2)))
    assert ["".join(d.text for d in deltas if d.index == index) for index in (0, 1)] == ["ab", "ab"]
    assert [d.index for d in deltas if d.end] == [0, 1]


def test_pictures_cross_whole_and_read_only(engine: ProcessEngine) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1024, 1280, 3), dtype=np.uint8)
    image = CleanImage(pixels, content_hash(pixels), (1280, 1024))
    assert answer(engine, "pictures", image, image) == str([(image.sha256, int(pixels.sum()), False)] * 2)


def test_many_callers_are_answered_at_once(engine: ProcessEngine) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda n=n: answers.append(answer(engine, f"caller {n}"))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(f"caller {n}" for n in range(16))


def test_scores_come_back(engine: ProcessEngine) -> None:
    scores = engine.score(question("which?"), ["a", "b"])
    assert (scores.probabilities, scores.best, scores.usage) == ((0.25, 0.75), 1, USAGE)


def test_a_score_comes_without_waiting_for_it(engine: ProcessEngine) -> None:
    told: queue.SimpleQueue[Scores | KantuError] = queue.SimpleQueue()
    engine.submit_score(question("which?"), ["a", "b"], told.put)
    assert told.get(timeout=WAIT_SECONDS) == Scores((0.25, 0.75), 1, USAGE, TIMINGS)


def test_a_score_that_is_cancelled_ends_in_the_child_too(engine: ProcessEngine) -> None:
    told: queue.SimpleQueue[Scores | KantuError] = queue.SimpleQueue()
    engine.submit_score(question("wait"), ["a", "b"], told.put).cancel()
    assert isinstance(told.get(timeout=WAIT_SECONDS), CancelledError)
    engine.check()


# Errors of the engine


def test_what_the_engine_refuses_reaches_the_listener(engine: ProcessEngine) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        answer(engine, "refuse")
    assert (refused.value.code, refused.value.param) == ("no", "messages")
    with pytest.raises(OverloadedError) as full:
        answer(engine, "full")
    assert full.value.retry_after_seconds == 7.5


def test_a_score_raises_what_the_engine_raises(engine: ProcessEngine) -> None:
    with pytest.raises(InvalidRequestError, match="no"):
        engine.score(question("refuse"), ["a", "b"])
    with pytest.raises(InvalidRequestError, match="invalid_choices"):
        engine.score(question("which?"), ["a"])


def test_a_mistake_of_ours_fails_one_request_and_is_logged_without_its_words(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        for ask in (lambda: answer(engine, "bug"), lambda: engine.score(question("bug"), ["a", "b"])):
            with pytest.raises(EngineError, match="engine_failed"):
                ask()
        assert answer(engine, "still here") == "still here"
    log = capfd.readouterr().err
    assert log.count("\nValueError\n") == 2
    assert SECRET not in log


# Ending from outside


def test_a_request_can_be_cancelled(engine: ProcessEngine) -> None:
    stream = started(engine)
    stream.cancel()
    with pytest.raises(CancelledError):
        next(stream)


def test_cancelling_what_has_ended_does_nothing(engine: ProcessEngine) -> None:
    items: queue.SimpleQueue[Delta | KantuError] = queue.SimpleQueue()
    handle = engine.submit(question(""), items.put)
    assert isinstance(items.get(), Delta)
    handle.cancel()
    assert answer(engine, "next") == "next"
    assert items.empty()


def test_a_stream_that_is_dropped_is_cancelled(engine: ProcessEngine) -> None:
    stream = started(engine)
    del stream
    assert answer(engine, "next") == "next"  # by now the cancel has crossed as well
    engine.check()


def test_a_listener_that_fails_hears_no_more_and_its_request_is_cancelled(
    engine: ProcessEngine, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[object] = []

    def listener(item: Delta | KantuError) -> None:
        heard.append(item)
        raise ValueError(SECRET)

    engine.submit(question("wait"), listener)
    assert answer(engine, "next") == "next"
    assert len(heard) == 1
    assert engine.stats().counters["listener_errors"] == 1
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text


# Loading


def test_being_made_returns_at_once_and_until_it_has_loaded_requests_are_refused(tmp_path: Path) -> None:
    with process_engine(partial(load_after, tmp_path / "gate")) as engine:
        assert engine.state == "loading"
        assert not engine.wait_ready(0.0)
        with pytest.raises(NotReadyError, match="正在加载") as refused:
            engine.submit(question("early"), lambda item: None)
        assert refused.value.code == "engine_not_ready"
        assert refused.value.retry_after_seconds >= 1
        with pytest.raises(NotReadyError):
            engine.score(question("early"), ["a", "b"])
        (tmp_path / "gate").touch()
        assert engine.wait_ready(WAIT_SECONDS)
        assert engine.state == "ready"
        assert engine.error is None
        assert answer(engine, "now") == "now"


def test_a_load_error_crosses_as_itself_and_is_final() -> None:
    with process_engine(load_unknown) as engine:
        with pytest.raises(ModelNotFoundError) as raised:
            engine.wait_ready(WAIT_SECONDS)
        assert engine.state == "failed"
        assert engine.error is raised.value
        assert (raised.value.code, raised.value.message, raised.value.param) == (
            "model_not_found",
            "找不到模型。",
            "model",
        )
        with pytest.raises(NotReadyError, match="加载失败"):
            engine.submit(question("?"), lambda item: None)
        assert engine.restarts == 0
    assert engine.state == "closed"


def test_any_other_load_error_is_logged_by_the_child_and_typed(capfd: pytest.CaptureFixture[str]) -> None:
    with process_engine(load_broken) as engine, pytest.raises(EngineError, match="engine_load_failed"):
        engine.wait_ready(WAIT_SECONDS)
    assert "the disk is on fire" in capfd.readouterr().err


def test_what_cannot_be_pickled_is_refused_when_it_is_made() -> None:
    with pytest.raises((AttributeError, TypeError)):
        ProcessEngine(lambda: None)  # type: ignore[arg-type, return-value]


# Overload


def test_what_waits_for_the_child_is_bounded_in_bytes() -> None:
    pixels = np.zeros((1024, 1280, 3), np.uint8)
    image = CleanImage(pixels, content_hash(pixels), (1280, 1024))
    with process_engine(max_queued_bytes=3 * pixels.nbytes, close_seconds=0.2) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        engine.submit(question("stop"), lambda item: None)  # a process that is stopped reads nothing
        with pytest.raises(OverloadedError) as refused:
            submit_many(engine, question("pictures", image), 5)
        assert refused.value.retry_after_seconds > 0
        assert engine.stats().counters["rejected_queue_full"] == 1


# Stats


def test_stats_are_those_of_the_engine(engine: ProcessEngine) -> None:
    assert engine.stats().gauges == {"running": 0, "pid": engine.pid}
    assert engine.stats().counters == {"engine_restarts": 0}
    answer(engine, "one")
    stream = started(engine)
    while (stats := engine.stats()).gauges["running"] == 0:
        pass
    assert stats.counters == {"engine_restarts": 0, "steps": 2, "requests_finished": 1}
    assert stats.histograms["ttft_seconds"].count == 1
    stream.cancel()
    while engine.stats().gauges["running"] == 1:
        pass
    assert engine.stats().counters["requests_cancelled"] == 1


# The end


def test_closing_cancels_what_runs_and_refuses_what_comes() -> None:
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        pid, stream = engine.pid, started(engine)
        engine.close()
        engine.close()
        assert engine.state == "closed"
        assert engine.pid is None
        assert not Path(f"/proc/{pid}").exists()
        with pytest.raises(CancelledError):
            next(stream)
        with pytest.raises(CancelledError, match="engine_closed"):
            answer(engine, "late")
        assert not engine.wait_ready(None)
        assert engine.stats().counters["requests_cancelled"] == 1
        engine.check()


def test_closing_does_not_wait_for_loading(tmp_path: Path) -> None:
    with process_engine(partial(load_after, tmp_path / "never"), close_seconds=WAIT_SECONDS) as engine:
        assert engine.state == "loading"


def test_an_engine_that_does_not_close_is_killed() -> None:
    with process_engine(Stubborn, close_seconds=0.2) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        pid, stream = engine.pid, started(engine)
        engine.close()
        assert not Path(f"/proc/{pid}").exists()
        with pytest.raises(CancelledError, match="engine_closed"):
            next(stream)


def test_a_listener_may_close_the_engine() -> None:
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        items: queue.SimpleQueue[Delta | KantuError] = queue.SimpleQueue()

        def listener(item: Delta | KantuError) -> None:
            engine.close()
            items.put(item)

        engine.submit(question("wait"), listener)
        assert isinstance(items.get(), Delta)
        assert isinstance(items.get(), CancelledError)


def test_check_finds_what_is_still_held(engine: ProcessEngine) -> None:
    stream = started(engine)
    with pytest.raises(AssertionError, match="1 requests are still held"):
        engine.check()
    stream.cancel()
    with pytest.raises(CancelledError):
        next(stream)


def submit_many(engine: ProcessEngine, request: Request, count: int) -> None:
    for _ in range(count):
        engine.submit(request, lambda item: None)
