"""Counters, gauges and histograms of an engine as plain numbers, independent of any exporter."""

from __future__ import annotations

import bisect
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper edges of the buckets of every histogram of seconds."""

HISTOGRAMS = (
    "queue_seconds",
    "preprocess_seconds",
    "encode_seconds",
    "prefill_seconds",
    "decode_seconds",
    "ttft_seconds",
    "tpot_seconds",
    "request_seconds",
)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Observations in buckets.

    Attributes:
        counts: one for each edge of `SECONDS` (observations at or below it and above the one before), then the rest.
        total: sum of all observations.
    """

    counts: tuple[int, ...] = (0,) * (len(SECONDS) + 1)
    total: float = 0.0

    @property
    def count(self) -> int:
        return sum(self.counts)

    def __add__(self, other: Histogram) -> Histogram:
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return Histogram(counts, self.total + other.total)


@dataclass(frozen=True, slots=True)
class Stats:
    """A snapshot.

    Attributes:
        counters: never go down: requests_finished, requests_failed, requests_cancelled, rejected_{reason},
            finish_{reason}, prompt_tokens, cached_tokens, visual_tokens, output_tokens, forced_tokens, steps,
            preemptions, out_of_memory, prefix_queries and prefix_hits (in blocks), vision_queries and vision_hits (in
            images), listener_errors; engine_restarts (of an engine in a process of its own).
        gauges: waiting, waiting_pixels, running, weight_bytes, kv_bytes, kv_used_bytes (held by sequences),
            vision_bytes, device_memory_used_bytes, device_memory_free_bytes (see `kantu.engine.device_memory`).
        histograms: by the names of `HISTOGRAMS`.
    """

    counters: Mapping[str, int] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)
    histograms: Mapping[str, Histogram] = field(default_factory=dict)

    def followed_by(self, later: Stats) -> Stats:
        """Counters and histograms of two lives of an engine together; gauges are the later one's."""
        counters = Counter(self.counters)
        counters.update(later.counters)
        histograms = {
            name: self.histograms.get(name, Histogram()) + later.histograms.get(name, Histogram())
            for name in {**self.histograms, **later.histograms}
        }
        return Stats(dict(counters), dict(later.gauges), histograms)


class Metrics:
    """Collects the numbers. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[str, int] = {}
        self._buckets = {name: [0] * (len(SECONDS) + 1) for name in HISTOGRAMS}
        self._totals = dict.fromkeys(HISTOGRAMS, 0.0)

    def add(self, name: str, amount: int = 1) -> None:
        with self._lock:
            self._counters[name] = self._counters.get(name, 0) + amount

    def observe(self, name: str, seconds: float) -> None:
        """Put one observation into a histogram of `HISTOGRAMS`."""
        with self._lock:
            self._buckets[name][bisect.bisect_left(SECONDS, seconds)] += 1
            self._totals[name] += seconds

    def stats(self, gauges: Mapping[str, float]) -> Stats:
        with self._lock:
            histograms = {name: Histogram(tuple(self._buckets[name]), self._totals[name]) for name in HISTOGRAMS}
            return Stats(dict(self._counters), dict(gauges), histograms)


NO_STATS = Metrics().stats({})
"""The stats of an engine that has done nothing: every histogram is there and empty."""
