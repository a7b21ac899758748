"""Counters add up, observations land in their buckets, a snapshot stays as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from kantu.engine.metrics import HISTOGRAMS, NO_STATS, SECONDS, Histogram, Metrics


def test_an_observation_lands_in_the_first_bucket_that_holds_it() -> None:
    metrics = Metrics()
    for seconds in (0.001, SECONDS[0], 0.3, 1000.0):
        metrics.observe("ttft_seconds", seconds)
    histogram = metrics.stats({}).histograms["ttft_seconds"]
    assert histogram.counts[0] == 2
    assert histogram.counts[SECONDS.index(0.5)] == 1
    assert histogram.counts[-1] == 1
    assert histogram.count == 4
    assert histogram.total == pytest.approx(1000.301 + SECONDS[0])


def test_what_was_never_observed_is_empty() -> None:
    assert Metrics().stats({}).histograms["queue_seconds"] == Histogram()


def test_a_name_that_is_not_a_histogram_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Metrics().observe("no_such_seconds", 1.0)


def test_nothing_is_lost_between_threads_and_a_snapshot_does_not_change() -> None:
    metrics = Metrics()
    before = metrics.stats({"running": 1})
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2000):
            pool.submit(metrics.add, "steps", 2)
    assert metrics.stats({}).counters == {"steps": 4000}
    assert (before.counters, before.gauges) == ({}, {"running": 1})


def test_counters_and_histograms_add_up_and_gauges_are_the_latest() -> None:
    one, other = Metrics(), Metrics()
    one.add("steps", 3)
    one.add("preemptions")
    other.add("steps", 4)
    other.add("out_of_memory")
    one.observe("ttft_seconds", 0.25)
    other.observe("ttft_seconds", 0.25)
    other.observe("ttft_seconds", 1000.0)
    both = one.stats({"running": 5, "waiting": 1}).followed_by(other.stats({"running": 2}))
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
    assert NO_STATS.followed_by(stats) == stats


def test_no_stats_has_every_histogram() -> None:
    assert set(NO_STATS.histograms) == set(HISTOGRAMS)
