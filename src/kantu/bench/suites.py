"""The suites that look at one loaded variant: latency, load, cache."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from kantu.bench.match import Match, Track
from kantu.bench.report import Cell, Table, percentiles, share
from kantu.bench.work import QUESTION_TOKENS, SQUARE, Work, Workload, together
from kantu.contenders.contender import Contender, Reply
from kantu.contenders.kantu import Kantu
from kantu.errors import OverloadedError

SIZES = ((224, 224), (448, 448), (896, 896), (1080, 2340))  # width, height in pixels; the last a phone's screen
QUESTIONS = (QUESTION_TOKENS, 128, 512, 2048)
CONCURRENCIES = (1, 2, 4, 8, 16)
LOADS = (0.5, 0.8, 1.2)  # arrival rate as a share of the capacity
_TOKENS = 16  # of an answer, where its length is not the subject
_LEAST_REQUESTS = 8  # of one load for each run
_CONTEXT_SLACK = 64  # template and answer


def latency(ours: Kantu, rival: Contender | None, runs: int, workload: Workload, track: Track) -> tuple[Table, ...]:
    """TTFT and TPOT by size of the picture, as far as the folder allows, and by length of the question."""
    most = workload.image_config.max_pixels
    sizes = [size for size in SIZES if size[0] * size[1] <= most] or [SQUARE]
    visual = SQUARE[0] * SQUARE[1] // workload.image_config.factor**2
    lengths = [n for n in QUESTIONS if n + visual + _CONTEXT_SLACK <= ours.vlm.context_tokens] or [QUESTION_TOKENS]
    by_size = [
        {"size": f"{size[0]}x{size[1]}", **_latency(ours, rival, runs, workload, size, QUESTION_TOKENS)}
        for size in track(sizes, description="latency: size")
    ]
    by_length = [
        {"question_tokens": length, **_latency(ours, rival, runs, workload, SQUARE, length)}
        for length in track(lengths, description="latency: question")
    ]
    curves = ("ttft_seconds", "rival_ttft_seconds") if rival else ("ttft_seconds",)
    return (
        Table("latency_by_size", tuple(by_size), "visual_tokens", curves),
        Table("latency_by_question", tuple(by_length), "prompt_tokens", curves),
    )


def load(ours: Kantu, rival: Contender | None, runs: int, workload: Workload, track: Track) -> tuple[Table, ...]:
    """Closed loop by concurrency, and open loop by arrival rate around the capacity that the closed loop found."""
    workload.new(_TOKENS).ask(ours)  # warm up
    closed = [_closed(ours, concurrency, runs, workload) for concurrency in track(CONCURRENCIES, description="closed")]
    capacity = max(float(row["requests_per_second"] or 0.0) for row in closed)
    opened = [_open(ours, share * capacity, runs, workload) for share in track(LOADS, description="open")]
    p95 = ("ttft_p95_seconds", "total_p95_seconds")
    return (
        Table("throughput_by_concurrency", tuple(closed), "concurrency", ("requests_per_second",)),
        Table("load_by_arrival_rate", tuple(opened), "arrivals_per_second", p95),
    )


def cache(ours: Kantu, rival: Contender | None, runs: int, workload: Workload, track: Track) -> tuple[Table, ...]:
    """First against second question, four questions about one picture against four pictures, and the memory held."""
    workload.new(1).ask(ours)  # warm up
    first = [workload.new(1) for _ in range(runs)]
    second = [workload.again(work) for work in first]
    questions = [
        {"case": case, **_cached(ours, works)}
        for case, works in track((("first_question", first), ("second_question", second)), description="cache")
    ]
    many = [_four(ours, workload) for _ in track(range(runs), description="ask_many")]
    shared, separate = (statistics.median(column) for column in zip(*many, strict=True))
    gauges = ours.vlm.engine.stats().gauges
    held: dict[str, Cell] = {name: gauges[name] for name in ("kv_bytes", "kv_used_bytes", "vision_bytes")}
    asked = (
        {"case": "four_questions_one_picture", "total_seconds": shared, "ratio": shared / separate},
        {"case": "four_questions_four_pictures", "total_seconds": separate, "ratio": 1.0},
    )
    return Table("questions", tuple(questions)), Table("ask_many", asked), Table("cache_memory", (held,))


def _latency(
    ours: Kantu, rival: Contender | None, runs: int, workload: Workload, size: tuple[int, int], question_tokens: int
) -> dict[str, Cell]:
    """Medians of `runs` turns on pictures and questions of one size, after one that warms up."""
    works = [workload.new(_TOKENS, size=size, question_tokens=question_tokens) for _ in range(runs + 1)]
    first = replace(works[0], tokens=1).ask(ours)
    row: dict[str, Cell] = {"visual_tokens": first.visual_tokens, "prompt_tokens": first.prompt_tokens}
    if rival is None:
        return row | _medians([work.ask(ours) for work in works[1:]], "")
    works[0].ask(rival)
    match = Match(ours, rival, workload)
    pairs = [match.replies(work) for work in works[1:]]
    mine, theirs = zip(*pairs, strict=True)
    return row | _medians(mine, "") | _medians(theirs, "rival_")


def _medians(replies: Sequence[Reply], prefix: str) -> dict[str, Cell]:
    return {
        f"{prefix}{name}": statistics.median(getattr(reply, name) for reply in replies)
        for name in ("ttft_seconds", "tpot_seconds")
    }


def _closed(ours: Kantu, concurrency: int, runs: int, workload: Workload) -> dict[str, Cell]:
    """So many callers, each asking again as soon as it is answered."""
    works = [workload.new(_TOKENS) for _ in range(max(concurrency, _LEAST_REQUESTS) * runs)]
    with ThreadPoolExecutor(concurrency) as pool:
        started = time.perf_counter()
        replies = list(pool.map(lambda work: work.ask(ours), works))
        seconds = time.perf_counter() - started
    return {
        "concurrency": concurrency,
        "requests_per_second": len(works) / seconds,
        "tokens_per_second": sum(reply.completion_tokens for reply in replies) / seconds,
        **_tails(replies),
    }


def _open(ours: Kantu, rate: float, runs: int, workload: Workload) -> dict[str, Cell]:
    """Arrivals that wait for no answer: Poisson, `rate` a second."""
    works = [workload.new(_TOKENS) for _ in range(_LEAST_REQUESTS * runs)]
    generator = random.Random(0)
    due = itertools.accumulate(generator.expovariate(rate) for _ in works)
    futures: list[Future[Reply | None]] = []
    with ThreadPoolExecutor(len(works)) as pool:
        started = time.perf_counter()
        for work, after in zip(works, due, strict=True):
            time.sleep(max(0.0, started + after - time.perf_counter()))
            futures.append(pool.submit(_served, ours, work, started + after))
    replies = [reply for future in futures if (reply := future.result()) is not None]
    return {
        "arrivals_per_second": rate,
        "answered": len(replies),
        "refused": len(works) - len(replies),
        **_tails(replies),
    }


def _served(ours: Contender, work: Work, due: float) -> Reply | None:
    """One arrival, timed from when it was due: a late start is waiting too. None if it was refused."""
    late = time.perf_counter() - due
    try:
        reply = work.ask(ours)
    except OverloadedError:
        return None
    return replace(reply, ttft_seconds=reply.ttft_seconds + late, total_seconds=reply.total_seconds + late)


def _tails(replies: Sequence[Reply]) -> dict[str, Cell]:
    ttft = percentiles("ttft", [reply.ttft_seconds for reply in replies])
    return ttft | percentiles("total", [reply.total_seconds for reply in replies])


def _cached(ours: Kantu, works: Sequence[Work]) -> dict[str, Cell]:
    """Median TTFT of `works`, and what of them the two caches knew."""
    before = ours.vlm.engine.stats().counters
    seconds = [work.ask(ours).total_seconds for work in works]
    after = ours.vlm.engine.stats().counters
    grown = {name: after[name] - before.get(name, 0) for name in after}
    rates = {
        f"{cache}_hit_share": share(grown.get(f"{cache}_hits", 0), grown.get(f"{cache}_queries", 0))
        for cache in ("prefix", "vision")
    }
    return {"ttft_seconds": statistics.median(seconds), **rates}


def _four(ours: Kantu, workload: Workload) -> tuple[float, float]:
    """Seconds of four questions about one picture, and of four about a picture each, asked at once both times."""
    separate = [workload.new(_TOKENS) for _ in range(4)]
    work = workload.new(_TOKENS)
    questions = [other.question for other in separate]
    started = time.perf_counter()
    ours.vlm.ask_many(
        work.picture,
        questions,
        max_tokens=_TOKENS,
        min_tokens=_TOKENS,
        temperature=0.0,
        repetition_penalty=1.0,
        max_pixels=work.max_pixels,
    )
    seconds = time.perf_counter() - started
    return seconds, together(ours, separate)
