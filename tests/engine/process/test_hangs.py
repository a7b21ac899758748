"""A child that hangs is noticed in whatever state it is: first nothing is sent to it, then another one takes over."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from kantu.engine.process import ProcessEngine
from kantu.engine.process.channel import Channel
from kantu.engine.process.child import Server
from kantu.engine.process.messages import Close, Load, Loaded, Ping, Pong, Snapshot
from kantu.engine.request import Delta
from kantu.errors import CancelledError, DeadlineExceededError, EngineError, KantuError, NotReadyError
from tests.engine.process.engines import WAIT_SECONDS, answer, process_engine, question, started, until
from tests.engine.process.fakes import load_after, load_in_turns

pytestmark = [pytest.mark.whole, pytest.mark.usefixtures("nothing_is_left")]

SILENT_SECONDS = 2.0


def stop(engine: ProcessEngine) -> int:
    """Stop the child that is ready, as a debugger or a container's freezer does; it does not come back by itself."""
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    return pid


def hangs(engine: ProcessEngine) -> set[str]:
    """The kinds that were counted. On a busy machine a child may be slow to start, and counted under "loading" too."""
    return {name.removeprefix("hang_") for name in engine.stats().counters if name.startswith("hang_")}


def serves_again(engine: ProcessEngine, stopped: int) -> bool:
    assert engine.wait_ready(WAIT_SECONDS)
    until(lambda: engine.state == "ready")
    assert engine.pid != stopped
    assert not Path(f"/proc/{stopped}").exists()
    engine.check()
    return answer(engine, "after") == "after"


def test_one_that_is_stopped_when_idle_is_sent_nothing_more_and_replaced() -> None:
    with process_engine(silent_seconds=SILENT_SECONDS) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        stopped = stop(engine)
        until(lambda: engine.state == "unresponsive")
        with pytest.raises(NotReadyError, match="引擎没有响应") as refused:
            answer(engine, "now")
        assert refused.value.code == "engine_not_ready"
        assert refused.value.retry_after_seconds > 0
        until(lambda: engine.pid != stopped)
        assert serves_again(engine, stopped)
        assert "silent" in hangs(engine)


def test_one_that_is_stopped_while_it_answers_is_replaced_and_whoever_waited_is_told() -> None:
    with process_engine(silent_seconds=SILENT_SECONDS) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        streams = [started(engine) for _ in range(3)]
        stopped = stop(engine)
        for stream in streams:
            with pytest.raises(EngineError, match="engine_crashed"):
                next(stream)
        assert serves_again(engine, stopped)
        assert "silent" in hangs(engine)


def test_one_that_comes_back_in_time_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.engine.process.supervisor._DOUBTFUL_SECONDS", 0.5)
    with process_engine(silent_seconds=WAIT_SECONDS, close_seconds=1.0) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        stream, stopped = started(engine), stop(engine)
        until(lambda: engine.state == "unresponsive")
        os.kill(stopped, signal.SIGCONT)
        until(lambda: engine.state == "ready")
        assert answer(engine, "after") == "after"
        stream.cancel()
        with pytest.raises(CancelledError):
            next(stream)
        assert engine.pid == stopped
        assert not hangs(engine)


def test_one_that_is_stopped_while_it_loads_is_replaced(tmp_path: Path) -> None:
    make = partial(load_in_turns, tmp_path / "log", "stop", "load")
    with process_engine(make, silent_seconds=5.0) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        assert answer(engine, "after") == "after"
        assert "loading" in hangs(engine)


def test_one_that_is_stopped_does_not_hold_up_closing() -> None:
    with process_engine(close_seconds=0.5) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        stream, stopped = started(engine), stop(engine)
        engine.close()
        assert not Path(f"/proc/{stopped}").exists()
        with pytest.raises(CancelledError, match="engine_closed"):
            next(stream)
        assert "closing" in hangs(engine)


def test_one_that_makes_no_progress_is_replaced() -> None:
    with process_engine(hang_seconds=SILENT_SECONDS) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        pid, stream = engine.pid, started(engine, "hang")
        until(lambda: engine.state == "unresponsive")
        with pytest.raises(EngineError, match="engine_crashed"):
            next(stream)
        assert serves_again(engine, pid or 0)
        assert "stuck" in hangs(engine)


def test_a_child_answers_while_it_loads_so_that_loading_may_take_any_time(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    parent = Channel(ours, "kantu-process-write")
    ended: list[int] = []
    child = threading.Thread(target=Server(Channel(theirs, "kantu-child-write"), ended.append).serve)
    child.start()
    parent.put(Load(pickle.dumps(partial(load_after, tmp_path / "gate")), WAIT_SECONDS))
    for _ in range(3):
        parent.put(Ping())
        assert parent.receive() == Pong()
    (tmp_path / "gate").touch()
    assert isinstance(parent.receive(), Snapshot)
    assert parent.receive() == Loaded()
    parent.put(Close())
    while parent.receive() is not None:
        pass
    child.join()
    assert not ended
    parent.close()
    theirs.close()


def test_a_listener_that_does_not_return_is_counted_and_the_child_is_not_blamed(engine: ProcessEngine) -> None:
    release = threading.Event()

    def listener(item: Delta | KantuError) -> None:
        assert release.wait(WAIT_SECONDS)

    with process_engine(silent_seconds=SILENT_SECONDS) as deaf:
        assert deaf.wait_ready(WAIT_SECONDS)
        pid = deaf.pid
        deaf.submit(question("a"), listener)
        until(lambda: "listener" in hangs(deaf))
        assert deaf.state == "unresponsive"
        assert deaf.pid == pid
        assert answer(engine, "elsewhere") == "elsewhere"
        release.set()
        until(lambda: deaf.state == "ready")
        assert deaf.pid == pid
        assert answer(deaf, "after") == "after"


def test_a_score_waits_no_longer_than_its_time() -> None:
    with process_engine(close_seconds=0.2) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        with pytest.raises(DeadlineExceededError, match="deadline_exceeded"):
            engine.score(replace(question("wait"), timeout_seconds=0.1), ["a", "b"])


def test_what_can_not_be_killed_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that reads from a dead disk: the kernel keeps it, killed or not."""
    monkeypatch.setattr("kantu.engine.process.supervisor._KILLED_SECONDS", 0.1)
    with process_engine(silent_seconds=SILENT_SECONDS) as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        process = engine._supervisor.child.process  # type: ignore[union-attr]
        kill: Callable[[], None] = process.kill
        monkeypatch.setattr(process, "kill", lambda: None)
        stopped = stop(engine)
        until(lambda: engine.pid not in (None, stopped))
        assert answer(engine, "after") == "after"
        kill()
        process.wait()
