"""What the HTTP side counts itself, in a registry of its own: several applications in a process do not mix."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from kantu.engine.metrics import SECONDS
from kantu.service.watch.sources import SourceCollector, Sources

# Whoever alerts on "P95 over half a second" needs an edge at exactly 0.5.
REQUEST_BUCKETS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
)
TPOT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class _Registry(CollectorRegistry):
    """Without the client's `_created` gauges, one more series for each counter that nobody reads."""

    def collect(self) -> Iterator[Metric]:
        for family in super().collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class Metrics:
    """Counters, gauges and histograms of one application. Safe to use from several threads."""

    def __init__(self) -> None:
        self.registry = registry = _Registry(auto_describe=False)
        ProcessCollector(registry=registry)  # process_resident_memory_bytes and its like
        by_answer = ("model", "endpoint")
        self.requests = Counter(
            "kantu_requests_total",
            "HTTP requests by endpoint (route template), our error code (ok: none) and HTTP status.",
            ("model", "endpoint", "code", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "kantu_request_seconds",
            "From the first byte of a request to the last of its answer.",
            by_answer,
            buckets=REQUEST_BUCKETS,
            registry=registry,
        )
        self.rejected = Counter(
            "kantu_rejected_total",
            "Requests to the API turned away with 429 or 503, by error code.",
            ("reason",),
            registry=registry,
        )
        self.ttft_seconds = Histogram(
            "kantu_ttft_seconds",
            "From a request's arrival to the first token of its answer.",
            by_answer,
            buckets=SECONDS,
            registry=registry,
        )
        self.tpot_seconds = Histogram(
            "kantu_tpot_seconds",
            "Mean time per token of an answer, after the first.",
            by_answer,
            buckets=TPOT_BUCKETS,
            registry=registry,
        )
        self.preprocess_seconds = Histogram(
            "kantu_preprocess_seconds",
            "Decoding and resizing pictures, patches and tokens, by request.",
            by_answer,
            buckets=SECONDS,
            registry=registry,
        )
        self.pictures = Counter("kantu_pictures_total", "Pictures read.", by_answer, registry=registry)
        self.picture_pixels = Counter(
            "kantu_picture_pixels_total", "Pixels of the pictures read, after resizing.", by_answer, registry=registry
        )
        self.watch_errors = Counter(
            "kantu_watch_errors_total", "Times that counting or tracing itself failed.", registry=registry
        )

    def attach(self, sources: Sources) -> None:
        """Tell from now on also what the other parts of the service know. Once."""
        self.registry.register(SourceCollector(sources))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format 0.0.4. Asks the sources: may take a moment, call it in a thread."""
        return generate_latest(self.registry)
