"""Stats over several lives of one engine: what has been counted stays counted."""

from __future__ import annotations

from collections import Counter

from kantu.engine.metrics import Histogram, Metrics, Stats


def no_stats() -> Stats:
    """Those of an engine that has done nothing: every histogram, all of them empty."""
    return Metrics().stats({})


def add(past: Stats, latest: Stats) -> Stats:
    """Counters and histograms of both together; gauges are the latest."""
    summed = Counter(past.counters)
    summed.update(latest.counters)
    histograms = {
        name: _add(past.histograms.get(name, Histogram()), latest.histograms.get(name, Histogram()))
        for name in {**past.histograms, **latest.histograms}
    }
    return Stats(dict(summed), dict(latest.gauges), histograms)


def _add(one: Histogram, other: Histogram) -> Histogram:
    counts = tuple(a + b for a, b in zip(one.counts, other.counts, strict=True))
    return Histogram(counts, one.total + other.total)
