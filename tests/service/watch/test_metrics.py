"""The registry of one application, and what it asks the other parts."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import REGISTRY

from kantu.engine.metrics import Stats
from kantu.service.watch.metrics import REQUEST_BUCKETS, Metrics
from kantu.service.watch.sources import Sources
from tests.service.watch.scrape import samples


def sources(**changed: object) -> Sources:
    values: dict[str, object] = {"models": {"m": Stats}, "ready": lambda: True, **changed}
    return Sources(**values)  # type: ignore[arg-type]


def test_two_applications_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.pictures.labels("m", "/v1/chat/completions").inc(3)
    assert samples(one.text())['kantu_pictures_total{endpoint="/v1/chat/completions",model="m"}'] == 3
    assert not any(name.startswith("kantu_pictures_total{") for name in samples(other.text()))


def test_nothing_of_ours_is_in_the_process_wide_registry() -> None:
    Metrics()
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith(("kantu", "vllm"))]


def test_half_a_second_is_an_edge_of_a_bucket() -> None:
    assert 0.5 in REQUEST_BUCKETS
    metrics = Metrics()
    metrics.request_seconds.labels("m", "/v1/chat/completions").observe(0.5)
    series = samples(metrics.text())
    assert series['kantu_request_seconds_bucket{endpoint="/v1/chat/completions",le="0.5",model="m"}'] == 1
    assert series['kantu_request_seconds_bucket{endpoint="/v1/chat/completions",le="0.4",model="m"}'] == 0


def test_a_counter_is_one_series() -> None:
    metrics = Metrics()
    metrics.rejected.labels("queue_full").inc()
    assert not [name for name in samples(metrics.text()) if "_created" in name]


def test_sources_are_asked_at_every_scrape() -> None:
    metrics, ready = Metrics(), [False]
    metrics.attach(
        sources(
            ready=lambda: ready[0],
            models={"m": lambda: Stats({"engine_restarts": 2}), "n": lambda: Stats({"engine_restarts": 1})},
            in_flight_pixels=lambda: 4096,
            limit_store_errors=lambda: 5,
            wrong_keys=lambda: 6,
            connections=lambda: 7,
            connections_refused=lambda: {"address": 9},
            batches=lambda: {"running": 1, "completed": 8},
        )
    )
    assert samples(metrics.text())["kantu_ready"] == 0
    ready[0] = True
    series = samples(metrics.text())
    assert series["kantu_ready"] == 1
    assert series["kantu_engine_restarts_total"] == 3
    assert series["kantu_in_flight_pixels"] == 4096
    assert series["kantu_limit_store_errors_total"] == 5
    assert series["kantu_wrong_keys_total"] == 6
    assert series["kantu_connections"] == 7
    assert series['kantu_connections_refused_total{reason="address"}'] == 9
    assert series['kantu_connections_refused_total{reason="all"}'] == 0
    assert series['kantu_batches{state="queued"}'] == 0
    assert series['kantu_batches{state="running"}'] == 1
    assert series['kantu_batches{state="completed"}'] == 8


def test_the_series_of_several_models_are_families_of_one_name() -> None:
    metrics = Metrics()
    metrics.attach(sources(models={"m": lambda: Stats({"output_tokens": 2}), "n": lambda: Stats({"output_tokens": 3})}))
    text = metrics.text()
    series = samples(text)
    assert (series['kantu_output_tokens_total{model="m"}'], series['kantu_output_tokens_total{model="n"}']) == (2, 3)
    assert series['vllm:generation_tokens_total{model_name="n"}'] == 3
    declared = [line for line in text.decode().splitlines() if line.startswith("# TYPE ")]
    assert len(declared) == len(set(declared))


def test_a_source_that_fails_hides_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Stats:
        raise RuntimeError("words of a library")

    metrics = Metrics()
    metrics.attach(sources(models={"m": broken}))
    with caplog.at_level(logging.ERROR):
        series = samples(metrics.text())
    assert series["kantu_ready"] == 1
    assert 'kantu_engine_waiting{model="m"}' not in series
    assert [record.msg for record in caplog.records] == ["a source of metrics failed"]
