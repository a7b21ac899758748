"""An engine's Stats -> kantu_* and vllm:* series."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from prometheus_client.core import CollectorRegistry, Metric

from kantu.engine.metrics import SECONDS, Metrics, Stats
from kantu.service.watch.engine_metrics import engine_metrics
from kantu.service.watch.vllm_metrics import vllm_metrics
from tests.service.watch.scrape import scrape


def exported(of: Callable[[str, Stats], Iterator[Metric]], stats: Stats) -> dict[str, float]:
    class _Collector:
        def collect(self) -> Iterator[Metric]:
            return of("m", stats)

    registry = CollectorRegistry()
    registry.register(_Collector())  # type: ignore[arg-type]
    return scrape(registry)


STATS = Stats(
    {
        "requests_finished": 5,
        "requests_cancelled": 2,
        "rejected_queue_full": 3,
        "finish_stop": 4,
        "finish_repetition": 1,
        "visual_tokens": 980,
        "out_of_memory": 1,
        "prefix_queries": 10,
        "prefix_hits": 6,
        "upstream_retries": 7,
        "engine_restarts": 9,
    },
    {
        "waiting": 2,
        "running": 3,
        "kv_bytes": 400,
        "kv_used_bytes": 100,
        "vision_bytes": 50,
        "device_memory_used_bytes": 600,
        "device_memory_free_bytes": 200,
        "upstreams_healthy": 1,
    },
)


def test_counters_carry_the_model() -> None:
    series = exported(engine_metrics, STATS)
    assert series['kantu_visual_tokens_total{model="m"}'] == 980
    assert series['kantu_out_of_memory_total{model="m"}'] == 1
    assert series['kantu_engine_requests_total{model="m",outcome="finished"}'] == 5
    assert series['kantu_engine_rejected_total{model="m",reason="queue_full"}'] == 3
    assert series['kantu_finish_total{model="m",reason="repetition"}'] == 1
    assert series['kantu_cache_hits_total{cache="prefix",model="m"}'] == 6


def test_gauges_carry_the_model() -> None:
    series = exported(engine_metrics, STATS)
    assert series['kantu_engine_waiting{model="m"}'] == 2
    assert series['kantu_cache_bytes{cache="kv",model="m"}'] == 100
    assert series['kantu_cache_bytes{cache="vision",model="m"}'] == 50
    assert series['kantu_kv_cache_capacity_bytes{model="m"}'] == 400
    assert series['kantu_device_memory_used_bytes{model="m"}'] == 600
    assert series['kantu_device_memory_free_bytes{model="m"}'] == 200


def test_what_only_some_engines_report_is_not_lost() -> None:
    series = exported(engine_metrics, STATS)
    assert series['kantu_engine_upstream_retries_total{model="m"}'] == 7
    assert series['kantu_engine_upstreams_healthy{model="m"}'] == 1


def test_an_engine_that_has_done_nothing_has_counted_zero() -> None:
    series = exported(engine_metrics, Stats())
    for name in ("out_of_memory", "visual_tokens", "output_tokens", "preemptions"):
        assert series[f'kantu_{name}_total{{model="m"}}'] == 0
    for reason in ("stop", "length", "repetition"):
        assert series[f'kantu_finish_total{{model="m",reason="{reason}"}}'] == 0
    assert series['kantu_queue_seconds_count{model="m"}'] == 0


def test_an_engine_that_does_not_know_its_device_tells_what_it_holds() -> None:
    series = exported(engine_metrics, Stats({}, {"weight_bytes": 1, "kv_bytes": 2, "vision_bytes": 4}))
    assert series['kantu_device_memory_used_bytes{model="m"}'] == 7
    assert 'kantu_device_memory_free_bytes{model="m"}' not in series


def test_buckets_become_cumulative() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.5, 0.51, 1000.0):
        metrics.observe("queue_seconds", seconds)
    series = exported(engine_metrics, metrics.stats({}))
    assert series['kantu_queue_seconds_bucket{le="0.005",model="m"}'] == 1
    assert series['kantu_queue_seconds_bucket{le="0.5",model="m"}'] == 2
    assert series['kantu_queue_seconds_bucket{le="1.0",model="m"}'] == 3
    assert series[f'kantu_queue_seconds_bucket{{le="{SECONDS[-1]}",model="m"}}'] == 3
    assert series['kantu_queue_seconds_bucket{le="+Inf",model="m"}'] == 4
    assert series['kantu_queue_seconds_count{model="m"}'] == 4
    assert series['kantu_queue_seconds_sum{model="m"}'] == pytest.approx(1001.011)


def test_boards_made_for_vllm_find_their_series() -> None:
    metrics = Metrics()
    metrics.observe("ttft_seconds", 0.2)
    stats = Stats(STATS.counters, STATS.gauges, metrics.stats({}).histograms)
    series = exported(vllm_metrics, stats)
    label = '{model_name="m"}'
    assert series[f"vllm:num_requests_running{label}"] == 3
    assert series[f"vllm:num_requests_waiting{label}"] == 2
    assert series[f"vllm:kv_cache_usage_perc{label}"] == series[f"vllm:gpu_cache_usage_perc{label}"] == 0.25
    assert series['vllm:request_success_total{finished_reason="stop",model_name="m"}'] == 4
    assert series['vllm:request_success_total{finished_reason="abort",model_name="m"}'] == 2
    assert series['vllm:request_success_total{finished_reason="length",model_name="m"}'] == 0
    assert series[f"vllm:prefix_cache_queries_total{label}"] == 10
    assert series[f"vllm:prefix_cache_hits_total{label}"] == 6
    assert series[f"vllm:time_to_first_token_seconds_count{label}"] == 1
    for name in (
        "prompt_tokens_total",
        "generation_tokens_total",
        "num_preemptions_total",
        "time_per_output_token_seconds_count",
        "inter_token_latency_seconds_count",
        "e2e_request_latency_seconds_count",
        "request_queue_time_seconds_count",
    ):
        assert series[f"vllm:{name}{label}"] == 0


def test_an_engine_without_a_kv_cache_uses_none_of_it() -> None:
    assert exported(vllm_metrics, Stats())['vllm:kv_cache_usage_perc{model_name="m"}'] == 0
