"""An engine's `Stats` under the names of vLLM's server, for boards and autoscalers that were made for it.

Names, types and labels: https://docs.vllm.ai/en/latest/design/metrics.html. `gpu_cache_usage_perc` and
`time_per_output_token_seconds` are what earlier releases called `kv_cache_usage_perc` and
`inter_token_latency_seconds`; both are served.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from kantu.engine.metrics import Histogram, Stats
from kantu.service.watch.families import counter, gauge, histogram

_COUNTERS = {
    "prompt_tokens": ("vllm:prompt_tokens", "Prefill tokens processed."),
    "output_tokens": ("vllm:generation_tokens", "Generation tokens processed."),
    "preemptions": ("vllm:num_preemptions", "Preemptions."),
    "prefix_queries": ("vllm:prefix_cache_queries", "Prefix cache queries (here: blocks)."),
    "prefix_hits": ("vllm:prefix_cache_hits", "Prefix cache hits (here: blocks)."),
}
_GAUGES = {
    "running": ("vllm:num_requests_running", "Requests running."),
    "waiting": ("vllm:num_requests_waiting", "Requests waiting."),
}
_HISTOGRAMS = (
    ("ttft_seconds", "vllm:time_to_first_token_seconds", "Time to first token."),
    ("tpot_seconds", "vllm:time_per_output_token_seconds", "Time per output token (here: the mean of an answer)."),
    ("tpot_seconds", "vllm:inter_token_latency_seconds", "Time between tokens (here: the mean of an answer)."),
    ("request_seconds", "vllm:e2e_request_latency_seconds", "From arrival to the last token."),
    ("queue_seconds", "vllm:request_queue_time_seconds", "Time in the queue."),
)


def vllm_metrics(model: str, stats: Stats) -> Iterator[Metric]:
    """What both engines measure, with the label `model_name`."""
    labels = {"model_name": model}
    for name, (series, text) in _COUNTERS.items():
        yield counter(series, text, [(labels, stats.counters.get(name, 0))])
    reasons = {"stop": 0, "length": 0, "repetition": 0, "abort": stats.counters.get("requests_cancelled", 0)}
    reasons |= {
        name.removeprefix("finish_"): count for name, count in stats.counters.items() if name.startswith("finish_")
    }
    yield counter(
        "vllm:request_success",
        "Requests by the reason they ended.",
        [(labels | {"finished_reason": reason}, count) for reason, count in reasons.items()],
    )
    for name, (series, text) in _GAUGES.items():
        yield gauge(series, text, [(labels, stats.gauges.get(name, 0))])
    total = stats.gauges.get("kv_bytes", 0)
    usage = stats.gauges.get("kv_used_bytes", 0) / total if total else 0.0
    for series in ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"):
        yield gauge(series, "Part of the KV cache in use; 1 is all of it.", [(labels, usage)])
    for name, series, text in _HISTOGRAMS:
        yield histogram(series, text, labels, stats.histograms.get(name, Histogram()))
