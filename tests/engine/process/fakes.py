"""Engines for a child process that obey orders in the question, and functions that make them. No PyTorch."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from kantu.engine.metrics import Metrics, Stats
from kantu.engine.protocol import Listener, ScoreListener, wait_for_scores
from kantu.engine.request import Delta, End, Request, Scores, Timings, Usage
from kantu.errors import CancelledError, InvalidRequestError, KantuError, ModelNotFoundError, OverloadedError

SECRET = "order 20480001"  # what no log may show
USAGE, TIMINGS = Usage(7, 3, 2), Timings(0.1, 0.2, 0.3, 0.4, 0.5)


class Fake:
    """Spells the question letter by letter, or does what it says.

    "wait" runs until it is cancelled, "hang" besides makes no progress; "kill", "exit" and "stop" do so to the process,
    "thread" to the engine's thread; "refuse", "full" and "bug" fail in `submit`; "lost" is never answered and fails in
    `stats`; "pictures" tells what has arrived of them.
    """

    def __init__(self) -> None:
        self._metrics = Metrics()
        self._inbox: queue.SimpleQueue[tuple[str, FakeHandle] | None] = queue.SimpleQueue()
        self._running: set[FakeHandle] = set()
        self._lost = False
        self._thread = threading.Thread(target=self._run, name="kantu-engine", daemon=True)
        self._thread.start()

    def submit(self, request: Request, listener: Listener) -> FakeHandle:
        handle = FakeHandle(self, request, listener)
        order = text(request)
        match order:
            case "refuse":
                raise InvalidRequestError("no", "不行。", "No.", param="messages")
            case "full":
                raise OverloadedError("overloaded", "满了。", "Full.", retry_after_seconds=7.5)
            case "bug":
                raise ValueError(SECRET)
        self._running.add(handle)
        self._inbox.put((order, handle))
        return handle

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> FakeScore:
        self._metrics.add("steps")
        match text(request):
            case "bug":
                raise ValueError(SECRET)
            case "refuse":
                raise InvalidRequestError("no", "不行。", "No.", param="messages")
            case order if order != "wait":
                listener(Scores((0.25, 0.75), 1, USAGE, TIMINGS))
        return FakeScore(listener)

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        return wait_for_scores(self, request, choices)

    def stats(self) -> Stats:
        if self._lost:
            raise RuntimeError("the device is lost")
        return self._metrics.stats({"running": len(self._running), "pid": os.getpid()})

    def check(self) -> None:
        assert not self._running, "a request still runs"

    def close(self) -> None:
        for handle in list(self._running):
            handle.cancel()
        self._inbox.put(None)
        self._thread.join()

    def end(self, handle: FakeHandle, error: KantuError) -> None:
        if handle in self._running:
            self._running.discard(handle)
            self._metrics.add("requests_cancelled")
            handle.listener(error)

    def _run(self) -> None:
        while (item := self._inbox.get()) is not None:
            order, handle = item
            self._metrics.add("steps")
            match order:
                case "wait" | "hang":
                    handle.listener(Delta("", (1,)))
                case "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "exit":
                    os._exit(3)
                case "stop":
                    self._running.discard(handle)
                    os.kill(os.getpid(), signal.SIGSTOP)
                case "thread":
                    raise ValueError(SECRET)
                case "lost":
                    self._lost = True
                case "pictures":
                    images = handle.request.images
                    self._answer(
                        handle, f"{[(i.sha256, int(i.pixels.sum()), i.pixels.flags.writeable) for i in images]}"
                    )
                case _:
                    self._answer(handle, order)

    def _answer(self, handle: FakeHandle, answer: str) -> None:
        """Count first, as who hears the end may look into the books."""
        for index in range(handle.request.sampling.n):
            for letter in answer:
                handle.listener(Delta(letter, (ord(letter),), index=index))
            if index == handle.request.sampling.n - 1:
                self._metrics.add("requests_finished")
                self._metrics.observe("ttft_seconds", 0.2)
                self._running.discard(handle)
            handle.listener(Delta("", (), End("stop", USAGE, TIMINGS), index))


class FakeHandle:
    def __init__(self, engine: Fake, request: Request, listener: Listener) -> None:
        self.engine, self.request, self.listener = engine, request, listener

    def cancel(self) -> None:
        self.engine.end(self, CancelledError("cancelled", "请求已取消。", "The request was cancelled."))


class FakeScore:
    """A score under way."""

    def __init__(self, listener: ScoreListener) -> None:
        self._listener = listener

    def cancel(self) -> None:
        self._listener(CancelledError("cancelled", "请求已取消。", "The request was cancelled."))


class Stubborn(Fake):
    """Does not close."""

    def close(self) -> None:
        threading.Event().wait()


def text(request: Request) -> str:
    return str(request.turns[-1].content)


def load_after(gate: Path) -> Fake:
    """Loads when the file `gate` is there."""
    while not gate.exists():
        time.sleep(0.01)
    return Fake()


def load_unknown() -> Fake:
    raise ModelNotFoundError("model_not_found", "找不到模型。", "No such model.", param="model")


def load_broken() -> Fake:
    raise ValueError("the disk is on fire")


def load_in_turns(log: Path, *turns: str) -> Fake:
    """The nth call, counted in `log`, does the nth of `turns`: "exit", "unknown", "stop", or else it loads."""
    calls = len(log.read_text()) if log.exists() else 0
    log.write_text("x" * (calls + 1))
    match turns[min(calls, len(turns) - 1)]:
        case "exit":
            os._exit(3)
        case "unknown":
            return load_unknown()
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
    return Fake()
