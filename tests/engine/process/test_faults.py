"""Whatever the child dies of, requests on their way end with a typed error and the next child serves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kantu.engine.process import ProcessEngine
from kantu.errors import CancelledError, EngineError, KantuError, NotReadyError
from tests.engine.process.engines import WAIT_SECONDS, answer, process_engine, question, started, until
from tests.engine.process.fakes import SECRET, load_in_turns

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.whole, pytest.mark.usefixtures("nothing_is_left")]


@pytest.mark.parametrize("order", ["kill", "exit", "thread"])
def test_a_death_fails_what_was_on_its_way_and_the_next_child_serves(
    order: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        answer(engine, "before")
        streams, first = [started(engine) for _ in range(3)], engine.pid
        with pytest.raises(EngineError, match="engine_crashed"):
            answer(engine, order)
        for stream in streams:
            with pytest.raises(EngineError, match="engine_crashed"):
                next(stream)
        assert engine.wait_ready(WAIT_SECONDS)
        assert engine.pid != first
        assert engine.restarts == 1
        assert answer(engine, "after") == "after"
        engine.check()
        assert SECRET not in capfd.readouterr().err


def test_a_score_on_its_way_fails_too(engine: ProcessEngine) -> None:
    with ThreadPoolExecutor() as pool:
        scoring = pool.submit(engine.score, question("wait"), ["a", "b"])
        until(lambda: engine.stats().counters.get("steps") == 1)
        os.kill(engine.pid or 0, signal.SIGKILL)
        with pytest.raises(EngineError, match="engine_crashed"):
            scoring.result()
    assert engine.wait_ready(WAIT_SECONDS)


def test_between_two_children_requests_are_refused() -> None:
    with process_engine(restart_seconds=WAIT_SECONDS) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        with pytest.raises(EngineError, match="engine_crashed"):
            answer(engine, "kill")
        assert engine.state == "restarting"
        assert not engine.wait_ready(0.0)
        with pytest.raises(NotReadyError, match="正在重启") as refused:
            answer(engine, "?")
        assert WAIT_SECONDS / 2 < refused.value.retry_after_seconds < 2 * WAIT_SECONDS
        engine.check()


def test_counters_never_go_down(engine: ProcessEngine) -> None:
    answer(engine, "one")
    stream = started(engine)
    until(lambda: engine.stats().counters.get("steps") == 2)
    before = engine.stats()
    with pytest.raises(EngineError):
        answer(engine, "kill")
    with pytest.raises(EngineError):
        next(stream)
    between = engine.stats()
    assert between.gauges == {}
    assert between.counters == {
        **before.counters,
        "requests_failed": 2,
        "engine_restarts": between.counters["engine_restarts"],
    }
    assert engine.wait_ready(WAIT_SECONDS)
    assert answer(engine, "two") == "two"
    until(lambda: engine.stats().counters["requests_finished"] == 2)
    after = engine.stats()
    assert after.counters == {"steps": 3, "requests_finished": 2, "requests_failed": 2, "engine_restarts": 1}
    assert after.histograms["ttft_seconds"].count == 2
    assert after.gauges == {"running": 0, "pid": engine.pid}


# Loading again


def test_a_child_that_dies_while_loading_is_replaced(tmp_path: Path) -> None:
    with process_engine(partial(load_in_turns, tmp_path / "log", "exit", "exit", "load")) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        assert engine.restarts == 2


def test_what_never_was_ready_fails_for_good_even_after_a_death(tmp_path: Path) -> None:
    with process_engine(partial(load_in_turns, tmp_path / "log", "exit", "unknown")) as engine:
        with pytest.raises(KantuError, match="model_not_found"):
            engine.wait_ready(WAIT_SECONDS)
        assert engine.state == "failed"
        assert engine.restarts == 1


def test_what_was_ready_before_is_tried_until_it_loads_again(tmp_path: Path) -> None:
    with process_engine(partial(load_in_turns, tmp_path / "log", "load", "unknown", "unknown", "load")) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        with pytest.raises(EngineError):
            answer(engine, "kill")
        assert engine.wait_ready(WAIT_SECONDS)
        assert engine.restarts == 3
        assert engine.error is None


def test_a_process_that_cannot_even_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = subprocess.Popen, iter([BlockingIOError, MemoryError])

    def popen(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        error = next(failures, None)
        if error is not None:
            raise error
        return real(*args, **options)

    monkeypatch.setattr("kantu.engine.process.launch.subprocess.Popen", popen)
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        assert engine.restarts == 2


# The device


def test_a_device_that_is_lost_ends_the_child(capfd: pytest.CaptureFixture[str]) -> None:
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        with pytest.raises(EngineError, match="engine_crashed"):
            answer(engine, "lost")
        assert engine.wait_ready(WAIT_SECONDS)
        assert answer(engine, "after") == "after"
    assert "the engine process failed" in capfd.readouterr().err


# Signals, and the parent's end


def test_the_child_is_in_no_terminals_group_and_ignores_the_signals_that_end_its_parent(engine: ProcessEngine) -> None:
    pid = engine.pid
    assert pid is not None
    assert os.getpgid(pid) == pid
    stream = started(engine)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert answer(engine, "still here") == "still here"
    stream.cancel()
    with pytest.raises(CancelledError):
        next(stream)
    assert engine.pid == pid


@pytest.mark.parametrize("make", ["Fake", "partial(load_after, Path('/nowhere'))", "Stubborn"])
def test_the_child_ends_with_its_parent(make: str) -> None:
    script = f"""
import os, signal
from functools import partial
from pathlib import Path
from kantu.engine.process import ProcessEngine, ProcessSettings
from tests.engine.process.engines import started
from tests.engine.process.fakes import Fake, Stubborn, load_after
engine = ProcessEngine({make}, ProcessSettings(close_seconds=0.2))
if engine.wait_ready({0.0 if "nowhere" in make else WAIT_SECONDS}):
    stream = started(engine)
print(engine.state, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    # The child writes to the same pipe: only when it is gone too does reading come to an end.
    output, _ = parent.communicate(timeout=WAIT_SECONDS)
    assert output in (b"ready\n", b"loading\n")
    assert parent.returncode == -signal.SIGKILL
