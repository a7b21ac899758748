"""The engine on this machine: one thread schedules, runs and delivers; workers preprocess beside it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Items
from concurrent.futures import Future
from dataclasses import dataclass

import torch

from kantu.engine.core import Core
from kantu.engine.device_memory import device_memory
from kantu.engine.failures import typed
from kantu.engine.generation import Probe
from kantu.engine.kv_cache import BlockPool
from kantu.engine.metrics import Metrics, Stats
from kantu.engine.paged_attention import KVStore, block_bytes
from kantu.engine.preparation import Preparation
from kantu.engine.protocol import Handle, Listener, ScoreListener, wait_for_scores
from kantu.engine.request import Request, Scores
from kantu.engine.runner import Runner
from kantu.engine.scheduler import Scheduler
from kantu.engine.score import submit_score
from kantu.engine.sequence import Job, Sequence
from kantu.engine.vision_cache import VisionCache
from kantu.engine.workers import Workers
from kantu.errors import error
from kantu.model.config import TextConfig
from kantu.model.kernel_cache import bound_kernel_caches
from kantu.model.quantize import weight_bytes
from kantu.model.qwen3vl import Qwen3VL

_RATE_WINDOW = 32  # finished requests from which the rate of the queue is measured


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Sizes of one local engine.

    Attributes:
        block_size: tokens of a KV block: what is reused is a multiple of it.
        step_tokens: most tokens of one forward; a running answer waits for no more than this between two tokens.
        max_running: most answers under way at once.
        max_waiting, max_waiting_pixels: most requests, and pixels of their images, that wait; more are refused. A line
            is refused as soon as it holds as much as is still free.
        kv_bytes: memory of the KV cache; None takes what the device can spare, up to what could ever be used.
        vision_bytes: memory of the vision cache.
        workers: preprocessing threads.
    """

    block_size: int = 16
    step_tokens: int = 512
    max_running: int = 64
    max_waiting: int = 256
    max_waiting_pixels: int = 2**28
    kv_bytes: int | None = None
    vision_bytes: int = 2**28
    workers: int = 2


class LocalEngine:
    """See `Engine`. Every listener is called from the engine's own thread.

    That thread also loads the model, because PyTorch's CPU threads belong to the thread that first needs them. With two
    such teams in a process, libgomp lets idle threads sleep at once instead of spinning, and waking them costs 70 us in
    every operator (a forward of 40 tokens of a 2B model takes 0.42 s instead of 0.20 s on 2 cores). Any other thread of
    the process that computes much with PyTorch on the CPU has the same effect.

    Args:
        load: makes the network; called once, on the engine's thread. What it raises is raised here.
    """

    def __init__(
        self,
        load: Callable[[], Qwen3VL],
        preparation: Preparation,
        *,
        device: torch.device,
        dtype: torch.dtype,
        settings: EngineSettings | None = None,
    ) -> None:
        self.settings = settings or EngineSettings()
        self._preparation = preparation
        self._device, self._dtype = device, dtype
        self._metrics = Metrics()
        self._finished: deque[float] = deque(maxlen=_RATE_WINDOW)
        self._wake = threading.Condition()  # guards what follows
        self._inbox: list[tuple[Job, list[Sequence]]] = []
        self._waiting: set[Job] = set()  # admitted; none of it has run yet
        self._closing = False
        self._workers = Workers(self.settings.workers, "kantu-preprocess")
        loaded: Future[Qwen3VL] = Future()
        bound_kernel_caches()
        self._thread = threading.Thread(target=self._serve, args=(load, loaded), name="kantu-engine", daemon=True)
        self._thread.start()
        config = loaded.result().config.text
        self.context_tokens = min(config.max_position_embeddings, self._pool.total * self.settings.block_size)

    def _build(self, model: Qwen3VL) -> None:
        """Make everything that belongs to the engine's thread."""
        config, settings, device, dtype = model.config.text, self.settings, self._device, self._dtype
        self._weight_bytes = weight_bytes(model)
        self._block_bytes = block_bytes(config, settings.block_size, dtype)
        self._pool = BlockPool(_blocks(config, settings, device, dtype), settings.block_size)
        self._vision = VisionCache(settings.vision_bytes)
        self._scheduler = Scheduler(self._pool, step_tokens=settings.step_tokens, max_running=settings.max_running)
        store = KVStore(config, self._pool.total, settings.block_size, device=device, dtype=dtype)
        runner = Runner(model, self._preparation.image_config, store, self._vision, self._metrics)
        self._core = Core(self._scheduler, runner, self._metrics, self._forget)

    def submit(self, request: Request, listener: Listener) -> JobHandle:
        return self._submit(request, listener, None)

    def submit_score(self, request: Request, choices: Items[str], listener: ScoreListener) -> Handle:
        tokenizer, end_ids = self._preparation.chat.tokenizer, self._preparation.generation_config.end_ids
        return submit_score(self._submit, request, choices, tokenizer, end_ids, listener)

    def score(self, request: Request, choices: Items[str]) -> Scores:
        return wait_for_scores(self, request, choices)

    def stats(self) -> Stats:
        scheduler = self._scheduler
        with self._wake:
            waiting, pixels = len(self._waiting), _pixels(self._waiting)
        stats = self._metrics.stats(
            {
                "waiting": waiting,
                "waiting_pixels": pixels,
                "weight_bytes": self._weight_bytes,
                "running": len(scheduler.running),
                "kv_bytes": self._pool.total * self._block_bytes,
                "kv_used_bytes": (self._pool.total - self._pool.free) * self._block_bytes,
                "vision_bytes": self._vision.bytes,
                **device_memory(self._device),
            }
        )
        kept = {name: getattr(scheduler, name) for name in ("preemptions", "prefix_queries", "prefix_hits")}
        return Stats({**stats.counters, **kept}, stats.gauges, stats.histograms)

    def check(self) -> None:
        with self._wake:
            assert not self._inbox, "a prepared request was not taken"
            assert not self._waiting, "a request still waits"
        self._core.check()

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._workers.close()
        if threading.current_thread() is not self._thread:  # a listener may close the engine
            self._thread.join()

    def cancel(self, job: Job) -> None:
        with self._wake:
            job.cancelled = True
            self._wake.notify()

    # --- on the caller's thread

    def _submit(self, request: Request, listener: Listener, probe: Probe | None) -> JobHandle:
        matcher = self._preparation.matcher(request.sampling)  # first: what cannot be compiled is never admitted
        submitted = time.perf_counter()
        pixels = sum(image.pixels.shape[0] * image.pixels.shape[1] for image in request.images)
        deadline = None if request.timeout_seconds is None else submitted + request.timeout_seconds
        line, answers = request.line, request.sampling.n
        job = Job(listener, submitted, pixels, deadline, request.preprocess_seconds, open=answers, line=line)
        with self._wake:
            if self._closing:
                raise error("engine_closed")
            self._refuse_overload(job)
            self._waiting.add(job)

            def build() -> list[Sequence]:
                return self._preparation.sequences(job, request, matcher, probe, self.context_tokens)

            self._workers.submit(line, lambda: self._prepare(job, build))
        return JobHandle(self, job)

    def _refuse_overload(self, job: Job) -> None:
        """Refuse a job whose line already holds as many places, or pixels, as are still free.

        A line that waits alone can hold half of all; the more lines wait, the less each can hold. Requests without a
        line share all places.
        """
        settings = self.settings
        own = [other for other in self._waiting if job.line and other.line == job.line]
        places = settings.max_waiting - len(self._waiting)
        pixels = settings.max_waiting_pixels - _pixels(self._waiting)
        full = places < 1 or len(own) >= places
        # A request that would wait alone is always admitted, however large it is.
        large = bool(self._waiting) and (job.pixels > pixels or (job.pixels > 0 and _pixels(own) >= pixels))
        if full or large:
            self._metrics.add("rejected_queue_full" if full else "rejected_too_many_pixels")
            seconds = self._retry_after_seconds()
            raise error("overloaded", retry_after_seconds=seconds)

    def _retry_after_seconds(self) -> float:
        """Until half the queue is done, at the rate at which requests finish; a second if no rate is known."""
        finished = list(self._finished)
        if len(finished) < 2:
            return 1.0
        seconds_each = (time.perf_counter() - finished[0]) / len(finished)
        return min(max(1.0, seconds_each * len(self._waiting) / 2), 600.0)

    # --- on a preprocessing worker

    def _prepare(self, job: Job, build: Callable[[], list[Sequence]]) -> None:
        started = time.perf_counter()
        sequences: list[Sequence] = []
        if not job.cancelled:
            try:
                sequences = build()
                self._preparation.patchify(sequences[0].images, self._vision)
            except Exception as error:
                job.failure = typed(error)
        job.preprocess_seconds = time.perf_counter() - started
        self._metrics.observe("preprocess_seconds", job.earlier_seconds + job.preprocess_seconds)
        with self._wake:
            self._inbox.append((job, sequences))
            self._wake.notify()

    # --- on the engine's thread

    def _serve(self, load: Callable[[], Qwen3VL], loaded: Future[Qwen3VL]) -> None:
        """Load, then run until closed. Every request is ended even if this fails."""
        try:
            model = load()
            self._build(model)
        except BaseException as failure:
            loaded.set_exception(failure)
            return
        loaded.set_result(model)
        try:
            with torch.inference_mode():
                self._loop()
        finally:
            with self._wake:
                self._closing = True
                left = [*self._core.jobs, *self._waiting]
            for job in left:
                self._core.jobs.setdefault(job, [])
                self._core.fail(job, error("engine_closed"))

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not (self._inbox or self._core.jobs or (self._closing and not self._waiting)):
                    self._wake.wait()
                arrived, self._inbox = self._inbox, []
                ending = self._closing and not self._waiting
            for job, sequences in arrived:
                self._core.add(job, sequences)
            if self._closing:
                for job in list(self._core.jobs):
                    self._core.fail(job, error("engine_closed"))
                if ending:
                    return
            self._core.step()

    def _forget(self, job: Job) -> None:
        with self._wake:
            self._waiting.discard(job)
            if job.open == 0:
                self._finished.append(time.perf_counter())


class JobHandle:
    """A request admitted to a local engine."""

    def __init__(self, engine: LocalEngine, job: Job) -> None:
        self._engine, self._job = engine, job

    def cancel(self) -> None:
        self._engine.cancel(self._job)


def _blocks(config: TextConfig, settings: EngineSettings, device: torch.device, dtype: torch.dtype) -> int:
    """Blocks of the KV cache: what fits in memory, up to what all running answers could fill."""
    useful = settings.max_running * -(-config.max_position_embeddings // settings.block_size)
    available = settings.kv_bytes
    if available is None:
        available = int(0.85 * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else 2**31
    return max(1, min(useful, available // block_bytes(config, settings.block_size, dtype)))


def _pixels(jobs: Iterable[Job]) -> int:
    return sum(job.pixels for job in jobs)
