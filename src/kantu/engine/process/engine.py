"""The engine's protocol over an engine in a child process."""

from __future__ import annotations

import itertools
import logging
import pickle
import queue
import threading
from collections import Counter
from collections.abc import Callable, Sequence

from kantu.engine.metrics import Stats
from kantu.engine.process.messages import Cancel, Check, Reply, Score, Submit, encode
from kantu.engine.process.supervisor import ProcessSettings, State, Supervisor
from kantu.engine.protocol import Engine, Listener, ScoreListener
from kantu.engine.request import Delta, Request, Scores, check_choices
from kantu.errors import CancelledError, KantuError, error

_log = logging.getLogger(__name__)
_LONGEST_SCORE_SECONDS = 3600.0


class ProcessEngine:
    """`kantu.engine.protocol.Engine` over an engine that lives in a child process.

    The constructor returns at once; the child loads the engine meanwhile. If the child dies, every request on its way
    ends with EngineError (`engine_crashed`), and another child is started, repeatedly, with growing pauses. A child
    that hangs is killed. All listeners are called from one thread, which reads the child's messages.

    The child ignores SIGINT and SIGTERM. It ends with its parent or by `close`, which must be called. It shares the
    parent's standard output and error.

    Args:
        make: makes the engine; called in the child, so it must be picklable: a function of a module other than
            `__main__`, or a `functools.partial` of one.
    """

    def __init__(self, make: Callable[[], Engine], settings: ProcessSettings | None = None) -> None:
        self._settings = settings or ProcessSettings()
        self._numbers = itertools.count()
        self._lock = threading.Lock()  # guards what follows
        self._listeners: dict[int, Callable[[Reply], None]] = {}  # of every request on its way
        self._counters: Counter[str] = Counter()  # of what the child cannot count
        self._supervisor = Supervisor(pickle.dumps(make), self._settings, self._reply, self._lost)

    @property
    def state(self) -> State:
        """One of "loading", "ready", "restarting" (after a crash), "failed" (it cannot be loaded) and "closed".

        Or "unresponsive": it was ready, but has been silent or without progress for so long that nothing is sent to it.
        """
        state = self._supervisor.state
        return "unresponsive" if state == "ready" and self._supervisor.unresponsive else state

    @property
    def error(self) -> KantuError | None:
        """Why it could not be loaded, in the state "failed".

        A load error of ours (ModelNotFoundError, CheckpointError, OutOfMemoryError) as it was raised, or EngineError
        (`engine_load_failed`). An engine that has been ready once never enters this state: loading is tried again.
        """
        return self._supervisor.error

    @property
    def restarts(self) -> int:
        """How many children were started after the first one."""
        return self._supervisor.restarts

    @property
    def pid(self) -> int | None:
        """Process id of the ready child; None if there is none."""
        child = self._supervisor.child
        return None if child is None else child.process.pid

    def wait_ready(self, timeout_seconds: float | None) -> bool:
        """Wait until it takes requests. False if the time runs out, or if it is closed.

        Raises:
            KantuError: `error`, if it cannot be loaded.
        """
        return self._supervisor.wait_ready(timeout_seconds)

    def submit(self, request: Request, listener: Listener) -> ProcessHandle:
        """Hand a request to the child. Returns at once; refusals by the engine itself reach the listener.

        Raises:
            NotReadyError: `engine_not_ready`: it is loading, restarting, unresponsive, or could not be loaded.
            OverloadedError: `overloaded`: too many bytes of requests wait for the child to take them.
            CancelledError: `engine_closed`.
        """

        def listen(reply: Reply) -> None:
            if isinstance(reply.item, Delta | KantuError):
                listener(reply.item)

        number = next(self._numbers)
        self._send(Submit(number, request), listen)
        return ProcessHandle(self, number)

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> ProcessHandle:
        """See `Engine.submit_score`. Returns at once; raises as `submit`."""

        def listen(reply: Reply) -> None:
            if isinstance(reply.item, Scores | KantuError):
                listener(reply.item)

        number = next(self._numbers)
        self._send(Score(number, request, check_choices(choices)), listen)
        return ProcessHandle(self, number)

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        """See `Engine.score`. Waits for an hour at most; also raises the errors of `submit`."""
        seconds = _LONGEST_SCORE_SECONDS if request.timeout_seconds is None else request.timeout_seconds
        reply = self._ask(Score(next(self._numbers), request, check_choices(choices)), seconds)
        assert isinstance(reply.item, Scores)
        return reply.item

    def stats(self) -> Stats:
        """The child's last stats, at most half a second old while something runs.

        Counters never go down, even over restarts. Two are added: `engine_restarts` and `hang_{kind}` (see
        `Supervisor`). Requests that died with a child count as failed. Without a child there are no gauges.
        """
        hangs = {f"hang_{kind}": count for kind, count in self._supervisor.hangs.copy().items()}
        with self._lock:
            own = Stats({**self._counters, **hangs, "engine_restarts": self._supervisor.restarts})
        return own.followed_by(self._supervisor.stats())

    def check(self) -> None:
        """Raise AssertionError if a request is still held here, or if the check of the child's engine fails."""
        with self._lock:
            if self._listeners:
                raise AssertionError(f"{len(self._listeners)} requests are still held")
        if self._supervisor.child is not None:
            reply = self._ask(Check(next(self._numbers)), self._settings.hang_seconds)
            if reply.item is not None:
                raise AssertionError(reply.item)

    def close(self) -> None:
        """Cancel all requests and end the child, by force after `close_seconds`. May be called twice."""
        self._supervisor.close()

    def cancel(self, number: int) -> None:
        """Cancel the request of this number. Takes no lock, as garbage collection may call it at any point."""
        child = self._supervisor.child
        if child is not None and number in self._listeners:
            child.channel.put(Cancel(number))

    def _send(self, message: Submit | Score | Check, listen: Callable[[Reply], None]) -> None:
        if self._supervisor.child is None or self._supervisor.unresponsive:  # checked before anything is pickled
            raise self._absent()
        frame = encode(message)
        with self._lock:  # `_lost` takes it too: it finds this listener, or the child is None here
            child = self._supervisor.child
            if child is None:
                raise self._absent()
            if not child.channel.offer(frame, self._settings.max_queued_bytes):
                self._counters["rejected_queue_full"] += 1
                raise error("overloaded.handing_over")
            self._listeners[message.number] = listen

    def _ask(self, message: Score | Check, seconds: float) -> Reply:
        """Send a message and wait this long for its only reply."""
        replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._send(message, replies.put)
        try:
            reply = replies.get(timeout=seconds)
        except queue.Empty:
            self.cancel(message.number)
            with self._lock:
                self._listeners.pop(message.number, None)
            raise error("deadline_exceeded") from None
        if isinstance(reply.item, KantuError):
            raise reply.item
        return reply

    def _absent(self) -> KantuError:
        """The error that says why no child takes requests."""
        state = self.state
        if state == "closed":
            return error("engine_closed")
        key = {
            "loading": "engine_not_ready.loading",
            "failed": "engine_not_ready.failed",
            "unresponsive": "engine_not_ready.unresponsive",
        }.get(state, "engine_not_ready")
        return error(key, retry_after_seconds=self._supervisor.retry_after_seconds())

    # --- on the supervisor's reading thread

    def _reply(self, reply: Reply) -> None:
        with self._lock:
            listen = self._listeners.get(reply.number)
            if reply.last:
                self._listeners.pop(reply.number, None)
        if listen is not None:  # a listener that failed is not called again
            self._deliver(listen, reply)

    def _lost(self, error: KantuError) -> None:
        """End every request on its way to or from a child that has ended with this error."""
        with self._lock:
            lost, self._listeners = self._listeners, {}
            name = "requests_cancelled" if isinstance(error, CancelledError) else "requests_failed"
            self._counters[name] += len(lost)
        for number, listen in lost.items():
            self._deliver(listen, Reply(number, error, last=True))

    def _deliver(self, listen: Callable[[Reply], None], reply: Reply) -> None:
        try:
            listen(reply)
        except Exception as error:  # its message may quote the answer
            _log.error("a listener failed, its request is cancelled: %s", type(error).__name__)
            self.cancel(reply.number)
            with self._lock:
                self._listeners.pop(reply.number, None)
                self._counters["listener_errors"] += 1


class ProcessHandle:
    """A request handed to the child."""

    def __init__(self, engine: ProcessEngine, number: int) -> None:
        self._engine, self._number = engine, number

    def cancel(self) -> None:
        """See `Handle.cancel`."""
        self._engine.cancel(self._number)
