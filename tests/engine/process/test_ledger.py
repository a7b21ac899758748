"""What was counted before a restart stays counted."""

from __future__ import annotations

from kantu.engine.metrics import HISTOGRAMS, Metrics
from kantu.engine.process.ledger import add, no_stats


def test_counters_and_histograms_add_up_and_gauges_are_the_latest() -> None:
    one, other = Metrics(), Metrics()
    one.add("steps", 3)
    one.add("preemptions")
    other.add("steps", 4)
    other.add("out_of_memory")
    one.observe("ttft_seconds", 0.25)
    other.observe("ttft_seconds", 0.25)
    other.observe("ttft_seconds", 1000.0)
    both = add(one.stats({"running": 5, "waiting": 1}), other.stats({"running": 2}))
    assert both.counters == {"steps": 7, "preemptions": 1, "out_of_memory": 1}
    assert both.gauges == {"running": 2}
    assert both.histograms["ttft_seconds"].count == 3
    assert both.histograms["ttft_seconds"].total == 1000.5
    assert max(both.histograms["ttft_seconds"].counts) == 2


def test_adding_nothing_changes_nothing() -> None:
    metrics = Metrics()
    metrics.add("steps", 3)
    metrics.observe("tpot_seconds", 0.01)
    stats = metrics.stats({"running": 1})
    assert add(no_stats(), stats) == stats


def test_no_stats_has_every_histogram() -> None:
    assert set(no_stats().histograms) == set(HISTOGRAMS)
