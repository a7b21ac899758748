"""What the other parts of the service know and /metrics tells: asked for at each scrape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from kantu.engine.metrics import Stats
from kantu.service.watch.engine_metrics import engine_metrics
from kantu.service.watch.families import counter, gauge, merged
from kantu.service.watch.vllm_metrics import vllm_metrics

_log = logging.getLogger(__name__)


def _nothing() -> int:
    return 0


def _none() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Sources:
    """Each is called from a worker thread, at every scrape.

    Attributes:
        models: of each model that is served, by name, what its engine counts.
        ready: whether a request sent now would be served.
        in_flight_requests: of actors whose key is good, to the API.
        body_bytes: of bodies in memory.
        max_memory_bytes: most that the HTTP process is to use.
        in_flight_pixels: of pictures that are being decoded or wait for it.
        limit_store_errors: how often limits could not be counted, and were not enforced.
        wrong_keys: requests whose key opened nothing.
        connections: open to the API's port.
        connections_refused: turned away there, by reason.
        batches: how many there are by state, "queued" and "running" at least.
    """

    models: Mapping[str, Callable[[], Stats]]
    ready: Callable[[], bool]
    in_flight_requests: Callable[[], int] = _nothing
    body_bytes: Callable[[], int] = _nothing
    max_memory_bytes: Callable[[], int] = _nothing
    in_flight_pixels: Callable[[], int] = _nothing
    limit_store_errors: Callable[[], int] = _nothing
    wrong_keys: Callable[[], int] = _nothing
    connections: Callable[[], int] = _nothing
    connections_refused: Callable[[], Mapping[str, int]] = _none
    batches: Callable[[], Mapping[str, int]] = _none


class SourceCollector(Collector):
    """The series of all sources. One that fails is logged and its series are missing; the others are told."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> Iterator[Metric]:
        """Nothing: else registering would already ask the engine."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        sources = self._sources
        for part in (
            lambda: _stats(sources),
            lambda: [gauge("kantu_ready", "1 if a request sent now would be served.", [({}, sources.ready())])],
            lambda: [
                gauge("kantu_in_flight_requests", "Requests of good keys.", [({}, sources.in_flight_requests())]),
                gauge("kantu_body_bytes", "Bytes of requests' bodies in memory.", [({}, sources.body_bytes())]),
                gauge("kantu_max_memory_bytes", "Most for the HTTP process.", [({}, sources.max_memory_bytes())]),
            ],
            lambda: [
                gauge("kantu_in_flight_pixels", "Pixels of pictures being read.", [({}, sources.in_flight_pixels())])
            ],
            lambda: [
                counter(
                    "kantu_limit_store_errors",
                    "Times a limit could not be counted and was not enforced.",
                    [({}, sources.limit_store_errors())],
                )
            ],
            lambda: [counter("kantu_wrong_keys", "Requests whose key opened nothing.", [({}, sources.wrong_keys())])],
            lambda: [gauge("kantu_connections", "Open connections.", [({}, sources.connections())])],
            lambda: [_refused(sources.connections_refused())],
            lambda: [_batches(sources.batches())],
        ):
            try:
                families = part()
            except Exception as error:  # whatever it is: a scrape that fails hides everything else
                _log.error("a source of metrics failed", exc_info=error)
                continue
            yield from families


def _stats(sources: Sources) -> list[Metric]:
    counted = {name: stats() for name, stats in sources.models.items()}
    restarts = sum(stats.counters.get("engine_restarts", 0) for stats in counted.values())
    series = (
        series for name, stats in counted.items() for of in (engine_metrics, vllm_metrics) for series in of(name, stats)
    )
    return [*merged(series), counter("kantu_engine_restarts", "Engine processes started again.", [({}, restarts)])]


def _batches(counts: Mapping[str, int]) -> Metric:
    states = {"queued": 0, "running": 0} | dict(counts)
    return gauge("kantu_batches", "Batches by state.", [({"state": state}, n) for state, n in states.items()])


def _refused(counts: Mapping[str, int]) -> Metric:
    reasons = {"address": 0, "all": 0, "descriptors": 0} | dict(counts)
    values = [({"reason": reason}, n) for reason, n in reasons.items()]
    return counter("kantu_connections_refused", "Connections turned away, by what there was too much of.", values)
