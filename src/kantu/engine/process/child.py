"""The child process: loads the engine and calls it on the parent's behalf.

The main thread loads the engine, then sends stats. One thread reads the parent's messages, and the channel's thread
writes. A few workers submit requests and scores, as compiling a constraint and reading choices take time.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from kantu.engine.process.channel import Channel
from kantu.engine.process.messages import (
    Cancel,
    Check,
    Close,
    Load,
    Loaded,
    LoadFailed,
    Ping,
    Pong,
    Reply,
    Score,
    Snapshot,
    Submit,
)
from kantu.engine.protocol import Engine, Handle
from kantu.engine.request import Delta, Scores
from kantu.engine.workers import Workers
from kantu.errors import KantuError, error

_log = logging.getLogger("kantu.engine.process.child")  # it runs as __main__
_SNAPSHOT_SECONDS = 0.5
_SUBMITTERS = 4
_BROKEN = 70  # exit status (EX_SOFTWARE)


@dataclass(slots=True)
class _Job:
    """A request or a score on its way.

    Attributes:
        open: answers that have not ended.
        handle: None until it has been submitted.
        cancelled: the parent has cancelled it.
    """

    open: int = 1
    handle: Handle | None = None
    cancelled: bool = False


class Server:
    """Serves one parent until it closes the engine or is gone.

    Args:
        end_process: called with an exit status if closing takes too long.
    """

    def __init__(self, channel: Channel, end_process: Callable[[int], object] = os._exit) -> None:
        self._channel, self._end_process = channel, end_process
        self._changed = threading.Condition()  # guards what follows
        self._engine: Engine | None = None
        self._jobs: dict[int, _Job] = {}
        self._untold = False  # a request has ended since the last snapshot
        self._closing = False

    def serve(self) -> None:
        load = self._channel.receive()
        if not isinstance(load, Load):
            return  # the parent is gone already
        submitters = Workers(_SUBMITTERS, "kantu-child-submit")
        reader = threading.Thread(target=self._read, args=(submitters,), name="kantu-child-read", daemon=True)
        reader.start()
        engine = self._load(load.factory)
        if engine is not None:
            self._tell_stats(engine)
            # If closing hangs, the process must still not outlive the parent.
            timer = threading.Timer(load.close_seconds, self._end_process, (_BROKEN,))
            timer.daemon = True
            timer.start()
            engine.close()
            self._channel.put(Snapshot(engine.stats()))
        self._channel.finish()
        self._channel.shut()

    def _load(self, factory: bytes) -> Engine | None:
        try:
            engine: Engine = pickle.loads(factory)()
        except KantuError as failure:
            self._channel.put(LoadFailed(failure))
            return None
        except Exception as failure:  # no request is involved, so its message may be logged
            _log.exception("loading the engine failed: %s", failure)
            self._channel.put(LoadFailed(error("engine_load_failed")))
            return None
        with self._changed:
            self._engine = engine
        self._channel.put(Snapshot(engine.stats()))
        self._channel.put(Loaded())
        return engine

    def _tell_stats(self, engine: Engine) -> None:
        """Send snapshots until it is time to close. If stats fail, the device is lost: the process ends."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._jobs or self._untold)
                self._changed.wait_for(lambda: self._closing or not self._jobs, _SNAPSHOT_SECONDS)
                if self._closing:
                    return
                self._untold = False
            self._channel.put(Snapshot(engine.stats()))

    # --- on the reading thread

    def _read(self, submitters: Workers) -> None:
        while True:
            match self._channel.receive():
                case Ping():
                    self._channel.put(Pong())
                case Submit() as message:
                    submitters.submit(message.request.line, partial(self._submit, message, self._begin(message.number)))
                case Score() as message:
                    submitters.submit(message.request.line, partial(self._score, message, self._begin(message.number)))
                case Check() as message:
                    self._start(self._check, message)
                case Cancel(number):
                    self._cancel(number)
                case Close() | None:
                    break
        with self._changed:
            if self._engine is None:  # nothing to free; loading cannot be interrupted otherwise
                os._exit(0)
            self._closing = True
            self._changed.notify_all()

    def _begin(self, number: int) -> _Job:
        with self._changed:
            job = self._jobs[number] = _Job()
            self._changed.notify_all()
        return job

    def _start(self, target: Callable[..., None], *args: object) -> None:
        threading.Thread(target=target, args=args, name="kantu-child-ask", daemon=True).start()

    def _cancel(self, number: int) -> None:
        with self._changed:
            job = self._jobs.get(number)
            if job is None:
                return
            job.cancelled = True
        if job.handle is not None:
            job.handle.cancel()

    # --- on a worker, or a thread of its own

    def _submit(self, message: Submit, job: _Job) -> None:
        job.open = message.request.sampling.n
        self._admit(
            message.number,
            job,
            lambda: self._loaded.submit(message.request, lambda item: self._reply(message.number, job, item)),
        )

    def _score(self, message: Score, job: _Job) -> None:
        self._admit(
            message.number,
            job,
            lambda: self._loaded.submit_score(
                message.request, message.choices, lambda item: self._reply(message.number, job, item)
            ),
        )

    def _admit(self, number: int, job: _Job, submit: Callable[[], Handle]) -> None:
        try:
            handle = submit()
        except Exception as error:
            self._reply(number, job, _typed(error))
            return
        with self._changed:
            job.handle = handle
        if job.cancelled:
            handle.cancel()

    def _check(self, message: Check) -> None:
        item: str | KantuError | None = None
        try:
            with self._changed:
                assert not self._jobs, "a request is still held by the engine's process"
            self._loaded.check()
        except AssertionError as error:
            item = str(error)
        except Exception as error:
            item = _typed(error)
        self._channel.put(Reply(message.number, item, last=True))

    # --- on the engine's thread, or one of the above

    def _reply(self, number: int, job: _Job, item: Delta | Scores | KantuError) -> None:
        if not isinstance(item, Delta):
            job.open = 0
        elif item.end is not None:
            job.open -= 1
        if not job.open:
            with self._changed:
                self._jobs.pop(number, None)
                self._untold = True
                self._changed.notify_all()
        self._channel.put(Reply(number, item, last=not job.open))

    @property
    def _loaded(self) -> Engine:
        assert self._engine is not None  # the parent sends requests only then
        return self._engine


def _typed(failure: Exception) -> KantuError:
    if isinstance(failure, KantuError):
        return failure
    _log.error("a request failed", exc_info=failure)
    return error("engine_failed")


class _TypesOnly(logging.Formatter):
    """Says where an error happened and of which type it was, never its words: a library's may quote the request."""

    def formatException(self, ei: tuple[Any, ...]) -> str:  # noqa: N802
        kind, _, where = ei
        return "".join((*traceback.format_tb(where), getattr(kind, "__name__", "")))


def _log_types_only() -> None:
    """Set up the log on standard error. A factory that sets up its own, with `force`, replaces it."""
    handler = logging.StreamHandler()
    handler.setFormatter(_TypesOnly("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def _end_with_thread(args: threading.ExceptHookArgs) -> None:
    """If one of our threads dies, end the process: half an engine would never answer again."""
    name = "" if args.thread is None else args.thread.name
    _log.error("thread %s ended", name, exc_info=args.exc_value)
    if name.startswith("kantu-"):
        os._exit(_BROKEN)


def main() -> None:
    """Entry: the only argument is the file descriptor of this end of the channel."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when it is over
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold images, and delay a crash
    atexit.register(gc.freeze)  # Python need not look for cycles as it ends
    _log_types_only()
    threading.excepthook = _end_with_thread
    end = socket.socket(fileno=int(sys.argv[1]))
    end.set_inheritable(False)
    channel = Channel(end, "kantu-child-write")
    try:
        Server(channel).serve()
    except Exception:
        _log.exception("the engine process failed")
        channel.finish()  # deliver what has been answered
        os._exit(_BROKEN)


if __name__ == "__main__":
    main()
