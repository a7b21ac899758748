"""The engine's protocol over servers that answer chat completions: vLLM, SGLang, Ollama, llama.cpp.

A request is checked and queued here. `wire` writes its body, `pool` chooses a server, `client` sends it, and `answer`
reads what comes back. Every request in flight has its own thread.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from kantu.engine.metrics import Metrics, Stats
from kantu.engine.protocol import Listener, ScoreListener, wait_for_scores
from kantu.engine.remote.answer import AnswerReader, choice_probabilities
from kantu.engine.remote.client import ChatClient, RemoteSettings, TryAnotherError
from kantu.engine.remote.job import Job
from kantu.engine.remote.pool import UpstreamPool
from kantu.engine.remote.wire import Upstream, check_request, png_data_url, to_body, wraps_choice
from kantu.engine.request import MAX_LOGPROBS, Constraint, Delta, End, Request, SamplingParams, Scores, check_choices
from kantu.errors import CancelledError, InvalidRequestError, KantuError, OverloadedError, error

__all__ = ["RemoteEngine", "RemoteSettings", "Upstream"]

_log = logging.getLogger(__name__)
_SPARE_TOKENS = 64  # for the JSON around a choice and the end token


class RemoteEngine:
    """`kantu.engine.protocol.Engine` over one or more upstreams.

    A request goes to the healthy upstream with the fewest requests in flight, and to another one if that cannot be
    reached or answers 429, 502, 503 or 504. Once started, it is not retried: a request that broke one server must not
    go to the next. See `AnswerReader` for what servers do not report. A listener may get InvalidRequestError
    (`upstream_refused`), UpstreamError (`upstream_…`), OverloadedError (`overloaded`: every remaining
    upstream is full), DeadlineExceededError, CancelledError, and EngineError (`engine_failed`: a defect here).

    Raises:
        MissingDependencyError: `httpx_missing`.
        InvalidRequestError: `invalid_ca_file`; `invalid_upstream`: there is none, or one is listed twice.
    """

    def __init__(self, upstreams: Sequence[Upstream], settings: RemoteSettings | None = None) -> None:
        self._settings = settings or RemoteSettings()
        self._upstreams = tuple(upstreams)
        if not upstreams or len(set(upstreams)) < len(upstreams):
            raise error("invalid_upstream")
        self._client = ChatClient(self._settings)
        self._metrics = Metrics()
        self._secret = secrets.token_bytes(32)
        self._condition = threading.Condition()  # guards everything below
        self._waiting: deque[Job] = deque()
        self._running: set[Job] = set()
        self._threads: set[threading.Thread] = set()
        self._mean_seconds = self._settings.retry_after_seconds  # of a request, recently
        self._closed = False
        self._pool = UpstreamPool(self._upstreams, self._client.probe, health_seconds=self._settings.health_seconds)
        self._watcher = threading.Thread(target=self._watch, name="kantu-remote-watch", daemon=True)
        self._watcher.start()

    def submit(self, request: Request, listener: Listener) -> Job:
        """Admit a request. See `Engine.submit`, and the class for the listener's errors.

        Raises:
            InvalidRequestError: as `wire.check_request`, if no upstream's dialect can carry it.
            OverloadedError: `overloaded`: the queue is full.
            CancelledError: `engine_closed`.
        """
        job = Job(request, listener, self._able(request), self._wake, self._count_listener_error)
        with self._condition:
            if self._closed:
                raise error("engine_closed")
            if len(self._running) >= self._settings.max_in_flight and len(self._waiting) >= self._settings.max_waiting:
                self._metrics.add("rejected_queue_full")
                raise error("overloaded.upstream", retry_after_seconds=self._retry_after_seconds())
            self._waiting.append(job)
            self._start_next()
            self._condition.notify_all()
        return job

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> Job:
        """Ask for the greedy answer among `choices`, and the probability of each from the first token that tells them
        apart.

        Probabilities are None if the server does not report enough of them (at most 20 alternatives a token). Only the
        request's messages, images, tenant and timeout are used.

        The listener may get what that of `submit` may, and `upstream_bad_answer`: the answer is none of the choices.
        """
        listed = check_choices(choices)
        sampling = SamplingParams(
            max_tokens=max(len(choice.encode(errors="replace")) for choice in listed) + _SPARE_TOKENS,
            temperature=0.0,
            logprobs=MAX_LOGPROBS,
            constraint=Constraint.choice(listed),
        )
        deltas: list[Delta] = []

        def listen(item: Delta | KantuError) -> None:
            if isinstance(item, KantuError):
                listener(item)
                return
            deltas.append(item)
            if item.end is not None:
                listener(_chosen(listed, deltas, item.end) or error("upstream_bad_answer"))

        return self.submit(replace(request, sampling=sampling), listen)

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        """See `submit_score`. Waits."""
        return wait_for_scores(self, request, choices)

    def stats(self) -> Stats:
        """The local engine's names, as far as they apply, and `upstream_retries`, `upstreams`, `upstreams_healthy`."""
        with self._condition:
            gauges = {"waiting": len(self._waiting), "running": len(self._running)}
        return self._metrics.stats(
            {**gauges, "upstreams": len(self._upstreams), "upstreams_healthy": self._pool.healthy}
        )

    def check(self) -> None:
        """Raise AssertionError if more requests are in flight than run, or if requests wait while none runs."""
        with self._condition:
            running, waiting, in_flight = len(self._running), len(self._waiting), self._pool.in_flight
        if in_flight > running or (waiting and not running):
            raise AssertionError(f"{in_flight} in flight, {running} running, {waiting} waiting")

    def close(self) -> None:
        """Cancel everything and wait for it to end. May be called twice, and from a listener."""
        with self._condition:
            self._closed = True
            for job in (*self._waiting, *self._running):
                job.stop(error("engine_closed"))
            self._condition.notify_all()
            threads = [self._watcher, *self._threads]
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join()
        self._pool.close()
        self._client.close()

    def _able(self, request: Request) -> list[Upstream]:
        """The upstreams whose dialect can carry the request."""
        able, refusals = [], []
        for upstream in self._upstreams:
            try:
                check_request(request, upstream.dialect)
                able.append(upstream)
            except InvalidRequestError as refusal:
                refusals.append(refusal)
        if not able:
            raise refusals[0]
        return able

    def _retry_after_seconds(self) -> float:
        """Until the queue is done, at the rate at which requests finished recently."""
        return min(max(self._mean_seconds * (len(self._waiting) + 1) / self._settings.max_in_flight, 1.0), 60.0)

    def _start_next(self) -> None:
        """Start threads for waiting requests, up to the limit. The caller holds the condition."""
        while self._waiting and not self._closed and len(self._running) < self._settings.max_in_flight:
            job = self._waiting.popleft()
            thread = threading.Thread(target=self._run, args=(job,), name="kantu-remote", daemon=True)
            self._running.add(job)
            self._threads.add(thread)
            thread.start()

    def _run(self, job: Job) -> None:
        self._metrics.observe("queue_seconds", time.monotonic() - job.sent_at)
        outcome: Sequence[Delta | KantuError]
        try:
            outcome = self._generate(job)
        except KantuError as failure:
            outcome = [failure]
        except Exception as failure:  # of any kind; its message may quote the request
            _log.error("remote request failed: %s", type(failure).__name__)
            outcome = [error("engine_failed")]
        # Counted before it is delivered: a listener may look at the stats.
        self._count(job, outcome)
        with self._condition:
            self._running.remove(job)
            self._start_next()
            self._condition.notify_all()
        for item in outcome:
            job.deliver(item)
        with self._condition:
            self._threads.discard(threading.current_thread())

    def _generate(self, job: Job) -> list[Delta]:
        """Ask one upstream after another. Returns the last delta of each answer, not yet delivered."""
        job.check()  # it may have been stopped while it waited
        image_urls = [png_data_url(image) for image in job.request.images]
        tried: dict[Upstream, KantuError] = {}
        while True:
            job.check()
            upstream = self._pool.acquire(job.upstreams, tried)
            if upstream is None:
                raise self._none_left(job, tried)
            if tried:
                self._metrics.add("upstream_retries")
            try:
                return self._ask(job, upstream, image_urls)
            except TryAnotherError as refusal:
                tried[upstream] = refusal.error
                if isinstance(refusal.error, OverloadedError):
                    self._pool.mark_full(upstream, refusal.error.retry_after_seconds)
                elif refusal.error.code == "upstream_unreachable":
                    self._pool.mark_down(upstream)
            finally:
                self._pool.release(upstream)

    def _none_left(self, job: Job, tried: Mapping[Upstream, KantuError]) -> KantuError:
        rests = [failure.retry_after_seconds for failure in tried.values() if isinstance(failure, OverloadedError)]
        rest = self._pool.rest_seconds(job.upstreams)
        if rest is not None or rests:
            return error("overloaded.upstream", retry_after_seconds=min(rests if rest is None else [*rests, rest]))
        return list(tried.values())[-1] if tried else error("upstream_unreachable")

    def _ask(self, job: Job, upstream: Upstream, image_urls: Sequence[str]) -> list[Delta]:
        request = job.request
        body = to_body(request, image_urls, upstream, self._salt(request.tenant))
        reader = AnswerReader(request.sampling.n, wrapped=wraps_choice(request, upstream.dialect))
        try:
            with closing(self._client.events(upstream, body, job.take_socket)) as events:
                for name, data in events:
                    for delta in reader.feed(name, data, time.monotonic()):
                        job.check()
                        job.deliver(delta)
                    if reader.ended:
                        break
        except (KantuError, TryAnotherError):
            job.check()  # a stopped request may fail in any way, as its socket is shut down
            raise
        finally:
            job.release_socket()
        job.check()
        return reader.finish(job.sent_at, request.preprocess_seconds)

    def _salt(self, tenant: str) -> str:
        """A cache salt nobody can guess, which does not name the tenant. After a restart it is a new one."""
        return hashlib.blake2b(tenant.encode(errors="replace"), key=self._secret).hexdigest() if tenant else ""

    def _watch(self) -> None:
        """End requests past their deadline, and take stopped requests out of the queue."""
        while True:
            with self._condition:
                now = time.monotonic()
                for job in (*self._waiting, *self._running):
                    if job.deadline <= now:
                        job.stop(error("deadline_exceeded"))
                gone = [(job, job.error) for job in self._waiting if job.error is not None]
                for job, _ in gone:
                    self._waiting.remove(job)
                if not gone:
                    if self._closed:
                        return
                    pending = [job.deadline for job in (*self._waiting, *self._running) if job.error is None]
                    self._condition.wait(min(min(pending, default=now + 3600) - now, 3600))
            for job, failure in gone:
                self._count(job, [failure])
                job.deliver(failure)

    def _wake(self) -> None:
        with self._condition:
            self._condition.notify_all()

    def _count_listener_error(self) -> None:
        self._metrics.add("listener_errors")

    def _count(self, job: Job, outcome: Sequence[Delta | KantuError]) -> None:
        """Count a request that ended: with one error, or with the last delta of each answer."""
        seconds = time.monotonic() - job.sent_at
        for item in outcome:
            if isinstance(item, CancelledError):
                self._metrics.add("requests_cancelled")
            elif isinstance(item, KantuError):
                self._metrics.add("requests_failed")
            elif item.end is not None:
                self._count_answer(item.end, item.index)
        if not isinstance(outcome[0], KantuError):
            self._metrics.add("requests_finished")
            self._metrics.observe("preprocess_seconds", job.request.preprocess_seconds)
            self._metrics.observe("request_seconds", job.request.preprocess_seconds + seconds)
            with self._condition:
                self._mean_seconds += 0.1 * (seconds - self._mean_seconds)

    def _count_answer(self, end: End, index: int) -> None:
        self._metrics.add(f"finish_{end.finish_reason}")
        if index == 0:  # all answers share one prompt
            self._metrics.add("prompt_tokens", end.usage.prompt_tokens)
            self._metrics.add("cached_tokens", end.usage.cached_tokens)
        self._metrics.add("output_tokens", end.usage.completion_tokens)
        self._metrics.observe("ttft_seconds", end.timings.ttft_seconds)
        self._metrics.observe("tpot_seconds", end.timings.tpot_seconds)


def _chosen(choices: Sequence[str], deltas: Sequence[Delta], end: End) -> Scores | None:
    """What a whole answer among `choices` tells of them; None where it is none of them."""
    answer = "".join(delta.text for delta in deltas)
    if answer not in choices:
        return None
    best = choices.index(answer)
    tokens = [token for delta in deltas for token in delta.logprobs]
    probabilities = choice_probabilities(choices, best, tokens)
    if probabilities is not None:
        best = max(range(len(choices)), key=probabilities.__getitem__)
    return Scores(probabilities, best, end.usage, end.timings)
