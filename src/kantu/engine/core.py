"""The engine without its threads: it takes jobs, runs step after step, and delivers what each step yields."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Items

import torch

from kantu.engine.failures import is_out_of_memory, typed, unexpected
from kantu.engine.metrics import Metrics
from kantu.engine.request import Delta, End
from kantu.engine.runner import Output, Runner
from kantu.engine.scheduler import Chunk, Scheduler
from kantu.engine.sequence import Job, Sequence
from kantu.errors import CancelledError, KantuError, error

_log = logging.getLogger(__name__)
_LEAST_CHUNK = 16  # a chunk that does not fit in memory is not halved below this


class Core:
    """Runs jobs to their end. Belongs to one thread.

    Args:
        forget: called for each job once it no longer waits: its first chunk is about to run, or it ended.
    """

    def __init__(self, scheduler: Scheduler, runner: Runner, metrics: Metrics, forget: Callable[[Job], None]) -> None:
        self.scheduler, self.runner = scheduler, runner
        self._metrics, self._forget = metrics, forget
        self.jobs: dict[Job, list[Sequence]] = {}

    def add(self, job: Job, sequences: list[Sequence]) -> None:
        """Take a prepared job; one whose preparation failed ends at once."""
        self.jobs[job] = sequences
        if job.failure is not None:
            self.fail(job, job.failure)
            return
        for sequence in sequences:
            self.scheduler.add(sequence)

    def step(self) -> None:
        """End the jobs that have to end, then run one step. Never raises: errors go to the affected jobs."""
        try:
            self._sweep()
            self._run_step()
        except Exception as error:  # a defect of ours outside any one request: all jobs fail
            _log.exception("a step failed")
            for job in list(self.jobs):
                self.fail(job, unexpected(error))

    def fail(self, job: Job, error: KantuError) -> None:
        """End a job with an error, and free all it held."""
        if job in self.jobs:
            self._metrics.add("requests_cancelled" if isinstance(error, CancelledError) else "requests_failed")
            self._drop(job)
            self._deliver(job, error)

    def check(self) -> None:
        """Raise AssertionError if an idle engine still holds something, or its counts do not add up."""
        assert not self.jobs, "a request is still held"
        assert not self.scheduler.running, "a sequence still runs"
        assert not self.scheduler.waiting, "a sequence still waits"
        pool = self.scheduler.pool
        pool.check()
        assert pool.free == pool.total, "blocks are held by no one"
        self.runner.vision.check()

    def _sweep(self) -> None:
        """End cancelled jobs and those past their deadline."""
        now = time.perf_counter()
        for job in list(self.jobs):
            if job.cancelled:
                self.fail(job, error("cancelled"))
            elif job.deadline is not None and now > job.deadline:
                self.fail(job, error("deadline_exceeded"))

    def _run_step(self) -> None:
        chunks = self.scheduler.schedule()
        if not chunks:
            return
        now = time.perf_counter()
        for job in dict.fromkeys(chunk.sequence.job for chunk in chunks):
            if job.queue_seconds is None:
                job.queue_seconds = now - job.submitted
                self._metrics.observe("queue_seconds", job.queue_seconds)
                self._forget(job)
        self._metrics.add("steps")
        for chunk, output in self._run(chunks):
            if chunk.sequence.job not in self.jobs:  # another answer of this job failed in this step
                continue
            self.scheduler.commit(chunk)
            if chunk.sequence.decoding:
                chunk.sequence.drop_visual()
            if output is not None:
                self._advance(chunk.sequence, output)

    def _run(self, chunks: Items[Chunk], *, again: bool = True) -> Iterator[tuple[Chunk, Output | None]]:
        """Run these chunks. A batch that fails is retried in halves, so that only the chunk at fault is lost."""
        chunks = [chunk for chunk in chunks if chunk.sequence.job in self.jobs]
        if not chunks:
            return
        try:
            results = self.runner.run(chunks)
        except Exception as error:
            failure = error
        else:
            yield from zip(chunks, results, strict=True)
            return
        if is_out_of_memory(failure):
            self._metrics.add("out_of_memory")
            self._free_memory()
        first, middle = chunks[0], len(chunks) // 2
        if middle:
            yield from self._run(chunks[:middle])
            yield from self._run(chunks[middle:])
        elif is_out_of_memory(failure) and first.count > _LEAST_CHUNK:
            yield from self._run([Chunk(first.sequence, first.count // 2)])
        elif is_out_of_memory(failure) and again:
            yield from self._run(chunks, again=False)
        else:
            self.fail(first.sequence.job, typed(failure))

    def _advance(self, sequence: Sequence, output: Output) -> None:
        try:
            delta = sequence.advance(output.logits, output.look)
        except Exception as error:
            self.fail(sequence.job, typed(error))
            return
        if delta.end is not None:
            self._finish(sequence, delta.end)
        self._deliver(sequence.job, delta)

    def _finish(self, sequence: Sequence, end: End) -> None:
        """Free what an ended answer held, before its last delta is delivered."""
        self.scheduler.remove(sequence)
        job, metrics, usage, timings = sequence.job, self._metrics, end.usage, end.timings
        job.open -= 1
        metrics.add(f"finish_{end.finish_reason}")
        metrics.add("output_tokens", usage.completion_tokens)
        if sequence.index == 0:
            for name in ("prompt_tokens", "cached_tokens", "visual_tokens"):
                metrics.add(name, getattr(usage, name))
            metrics.observe("ttft_seconds", timings.ttft_seconds)
        if usage.completion_tokens > 1:
            metrics.observe("tpot_seconds", timings.tpot_seconds)
        if job.open == 0:
            metrics.add("requests_finished")
            metrics.observe("request_seconds", timings.total_seconds)
            self._drop(job)

    def _drop(self, job: Job) -> None:
        for sequence in self.jobs.pop(job):
            self.scheduler.remove(sequence)
        self._forget(job)

    def _deliver(self, job: Job, item: Delta | KantuError) -> None:
        try:
            job.listener(item)
        except Exception:
            _log.exception("a listener failed; its request is cancelled")
            self._metrics.add("listener_errors")
            if job in self.jobs:
                self._metrics.add("requests_cancelled")
                self._drop(job)

    def _free_memory(self) -> None:
        self.runner.vision.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
