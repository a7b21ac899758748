"""Keeps one child process alive: starts it, reads its messages, notices its end, starts the next one."""

from __future__ import annotations

import logging
import math
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from kantu.engine.metrics import NO_STATS, Stats
from kantu.engine.process.health import Backoff, Watchdog
from kantu.engine.process.launch import Child, launch
from kantu.engine.process.messages import Close, Load, Loaded, LoadFailed, Ping, Pong, Reply, Snapshot
from kantu.errors import KantuError, error

_log = logging.getLogger(__name__)
_GUESSED_LOAD_SECONDS = 5.0  # assumed until a load has been measured
_DOUBTFUL_SECONDS = 10.0  # of silence before a process counts as unresponsive
_KILLED_SECONDS = 10.0  # longest wait for a killed process, which a read from a dead disk may hold in the kernel

State = Literal["loading", "ready", "unresponsive", "restarting", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """How one engine process is kept.

    Attributes:
        restart_seconds, max_restart_seconds: first and longest pause before the next process is started; it doubles.
        healthy_seconds: a process that was ready for this long resets the pause.
        hang_seconds: a process that makes no progress for this long while something runs is killed and replaced. A step
            of the engine must take less.
        silent_seconds: so is a process in any state that answers no ping for this long. Neither loading nor a step,
            however long, keeps a process from answering. `hang_seconds` applies if it is shorter.
        close_seconds: how long closing waits for the process before killing it.
        max_queued_bytes: most bytes of requests not yet written to the process; more are refused.
    """

    restart_seconds: float = 1.0
    max_restart_seconds: float = 30.0
    healthy_seconds: float = 60.0
    hang_seconds: float = 300.0
    silent_seconds: float = 60.0
    close_seconds: float = 10.0
    max_queued_bytes: int = 2**26


class Supervisor:
    """Two threads: one starts children and reads their messages, one watches for hangs.

    Args:
        factory: the pickled function that makes the engine.
        reply: called with every Reply, on the reading thread.
        lost: called on the same thread when a child has ended, with the error for every request on its way.

    Attributes:
        state: see `ProcessEngine`.
        child: the child that is ready, or None. It is None before `lost` is called.
        error: why the engine could not be loaded.
        restarts: children started after the first one.
        unresponsive: the child has answered no ping for 10 seconds, or made no progress for half of `hang_seconds`, or
            a call of `reply` has not returned for as long. The child may recover, or is replaced.
        hangs: counts by kind: killed children that were "silent", silent while "loading", "stuck" or still "closing";
            and how often a "listener" did not return.
    """

    def __init__(
        self,
        factory: bytes,
        settings: ProcessSettings,
        reply: Callable[[Reply], None],
        lost: Callable[[KantuError], None],
    ) -> None:
        self._load = Load(factory, settings.close_seconds)
        self._settings, self._reply, self._lost = settings, reply, lost
        self._changed = threading.Condition()  # guards what follows
        self.state: State = "loading"
        self.child: Child | None = None
        self.error: KantuError | None = None
        self.restarts = 0
        self.unresponsive = False
        self.hangs: Counter[str] = Counter()
        self._started: Child | None = None  # ready or not
        self._was_ready = False
        self._backoff = Backoff(settings.restart_seconds, settings.max_restart_seconds, settings.healthy_seconds)
        self._pause_seconds = 0.0  # before the next child
        self._past, self._latest = NO_STATS, NO_STATS
        self._load_seconds = _GUESSED_LOAD_SECONDS
        self._expected_at = time.monotonic() + self._load_seconds  # when the next child may be ready
        self._answered = True  # whether the last ping was answered
        self._calls = 0  # calls of listeners begun plus ended: odd during a call
        self._close_by: float | None = None  # set once closing has begun
        self._over = threading.Event()  # set when no child will be started any more and the last one is gone
        self._runner = threading.Thread(target=self._run, name="kantu-process", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="kantu-process-watch", daemon=True)
        self._runner.start()
        self._watcher.start()

    def wait_ready(self, timeout_seconds: float | None) -> bool:
        """See `ProcessEngine.wait_ready`."""
        with self._changed:
            self._changed.wait_for(lambda: self.state in ("ready", "failed", "closed"), timeout_seconds)
            if self.error is not None:
                raise self.error
            return self.state == "ready"

    def retry_after_seconds(self) -> float:
        """Until a child may be ready, judged by how long the last one took to load."""
        with self._changed:
            waiting = 60.0 if self.state == "failed" else self._expected_at - time.monotonic()
        return min(max(waiting, 1.0), 600.0)

    def stats(self) -> Stats:
        """Counters and histograms of all children, gauges of the current one."""
        with self._changed:
            return self._past.followed_by(self._latest)

    def close(self) -> None:
        """End the child and both threads. May be called twice, and on the reading thread, where it does not wait."""
        with self._changed:
            if self._close_by is None:
                self._close_by = time.monotonic() + self._settings.close_seconds
                if self._started is not None:
                    self._started.channel.put(Close())
            self.state, self.child = "closed", None
            self._changed.notify_all()
        if threading.current_thread() is not self._runner:
            self._runner.join()
            self._watcher.join()

    # --- on the reading thread

    def _run(self) -> None:
        """Run one child after the other."""
        try:
            while True:
                self._live()
                with self._changed:
                    if self._changed.wait_for(lambda: self.state in ("failed", "closed"), self._pause_seconds):
                        return
                    self.restarts += 1
        finally:
            self._over.set()

    def _live(self) -> None:
        """Run one child from start to end."""
        started_at, ready_at = time.monotonic(), math.inf
        try:
            child = launch(self._load)
        except (OSError, MemoryError, RuntimeError) as error:
            _log.error("the engine process could not be started: %s", type(error).__name__)
            self._gone(0.0)
            return
        with self._changed:
            self._started, self._answered = child, True
            if self._close_by is not None:
                child.channel.put(Close())
        try:
            while (message := child.channel.receive()) is not None:
                match message:
                    case Reply():
                        with self._calling():
                            self._reply(message)
                    case Snapshot(stats):
                        self._latest = stats
                    case Pong():
                        self._answered = True
                    case Loaded():
                        ready_at = time.monotonic()
                        self._ready(child, ready_at - started_at)
                    case LoadFailed(reason):
                        self._failed(reason)
        except Exception as error:  # it cannot be understood, so it is of no use; the message may quote a request
            _log.error("the engine process cannot be understood: %s", type(error).__name__)
        self._gone(max(time.monotonic() - ready_at, 0.0))
        self._bury(child)

    def _ready(self, child: Child, seconds: float) -> None:
        with self._changed:
            self._load_seconds, self._was_ready = seconds, True
            if self._enter("ready"):
                self.child = child

    def _failed(self, error: KantuError) -> None:
        """A load failed. If the engine has never loaded, give up, as somebody must look at it; otherwise try again."""
        _log.error("the engine could not be loaded: %s", error.code)
        with self._changed:
            if not self._was_ready and self._enter("failed"):
                self.error = error

    def _enter(self, state: State) -> bool:
        """Change the state unless it is final. The caller holds the lock."""
        if self.state in ("failed", "closed"):
            return False
        self.state = state
        self._changed.notify_all()
        return True

    def _gone(self, ready_seconds: float) -> None:
        """The child is gone: update the state and the time of the next child, then end the requests on their way."""
        with self._changed:
            self._started = self.child = None
            self.unresponsive = False
            self._past, self._latest = self._past.followed_by(self._latest), NO_STATS
            self._pause_seconds = self._backoff.pause_seconds(ready_seconds)
            self._expected_at = time.monotonic() + self._pause_seconds + self._load_seconds
            self._enter("restarting")
            closing = self._close_by is not None
        with self._calling():
            self._lost(error("engine_closed") if closing else error("engine_crashed"))

    @contextmanager
    def _calling(self) -> Iterator[None]:
        """Marks a call of listeners, which may never return; `_watch` notices."""
        self._calls += 1
        yield
        self._calls += 1

    def _bury(self, child: Child) -> None:
        """Wait until the process is gone; kill it if need be. It may still be closing; a crashed one is gone."""
        child.channel.close()
        close_by = self._close_by
        try:
            child.process.wait(1.0 if close_by is None else max(close_by - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            child.process.kill()
            try:
                child.process.wait(_KILLED_SECONDS)
            except subprocess.TimeoutExpired:
                _log.error("the engine process %d cannot be killed and is left behind", child.process.pid)
        if self.state == "restarting":
            _log.warning("the engine process ended with status %s; another one follows", child.process.returncode)

    # --- on the watching thread

    def _watch(self) -> None:
        settings = self._settings
        silent_seconds = min(settings.silent_seconds, settings.hang_seconds)
        tick_seconds = min(1.0, silent_seconds / 8, settings.close_seconds / 4)
        silent, stuck, doubtful = (
            math.ceil(seconds / tick_seconds)
            for seconds in (silent_seconds, settings.hang_seconds, min(_DOUBTFUL_SECONDS, silent_seconds / 2))
        )
        watched: Child | None = None
        killed: Child | None = None
        calls, deaf = 0, 0
        while not self._over.wait(tick_seconds):
            with self._changed:
                started, ready, close_by = self._started, self.child, self._close_by
            deaf = deaf + 1 if self._calls == calls and calls % 2 else 0
            calls = self._calls
            if deaf == silent:
                _log.error("a listener of the engine does not return")
                self._count("listener")
            if started is None:
                continue
            if started is not watched:
                watched, dog = started, Watchdog(silent, stuck, doubtful)
            if started is killed:
                continue
            if close_by is not None:
                if time.monotonic() >= close_by:
                    killed = started
                    self._kill(started, "closing")
            elif started.process.poll() is not None:
                started.channel.shut()  # a process that the child started may still hold its end
            elif deaf:  # the child may have answered long ago, but nothing has been read
                self.unresponsive = deaf >= doubtful
            else:
                verdict = dog.look(self._answered, self._latest)
                self.unresponsive = verdict != "well"
                if verdict in ("silent", "stuck"):
                    killed = started
                    self._kill(started, "loading" if verdict == "silent" and ready is None else verdict)
                elif self._answered:
                    self._answered = False
                    started.channel.put(Ping())

    def _kill(self, child: Child, kind: str) -> None:
        """Kill a child that hangs. Shut its channel too, so that nothing waits for a process that cannot be killed."""
        _log.error("the engine process hangs (%s) and is killed", kind)
        self._count(kind)
        child.process.kill()
        child.channel.shut()

    def _count(self, kind: str) -> None:
        with self._changed:
            self.hangs[kind] += 1
