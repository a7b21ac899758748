"""An engine's `Stats` as series of Kantu."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from kantu.engine.metrics import Histogram, Stats
from kantu.service.watch.families import counter, gauge, histogram

_COUNTERS = {
    "prompt_tokens": ("kantu_prompt_tokens", "Tokens of the prompts answered, visual tokens included."),
    "cached_tokens": ("kantu_cached_tokens", "Tokens of prompts that were reused from the prefix cache."),
    "visual_tokens": ("kantu_visual_tokens", "Visual tokens of the prompts answered."),
    "output_tokens": ("kantu_output_tokens", "Tokens generated."),
    "forced_tokens": ("kantu_forced_tokens", "Tokens that a constraint left no choice about."),
    "steps": ("kantu_engine_steps", "Batched forwards."),
    "preemptions": ("kantu_preemptions", "Answers set back because the KV cache was full."),
    "out_of_memory": ("kantu_out_of_memory", "Times the device's memory did not suffice."),
    "listener_errors": ("kantu_engine_listener_errors", "Requests cancelled because their listener failed."),
}
_OUTCOMES = ("finished", "failed", "cancelled")
_FINISH_REASONS = ("stop", "length", "repetition")
_REJECTIONS = ("queue_full", "too_many_pixels")
_HANGS = ("silent", "loading", "stuck", "closing", "listener")
_CACHES = ("prefix", "vision")
_GAUGES = {
    "running": ("kantu_engine_running", "Answers being generated."),
    "waiting": ("kantu_engine_waiting", "Requests in the engine's queue."),
    "waiting_pixels": ("kantu_engine_waiting_pixels", "Pixels of the pictures of requests in the engine's queue."),
    "weight_bytes": ("kantu_weight_bytes", "Bytes of the model's weights."),
}
_HISTOGRAMS = {
    "queue_seconds": ("kantu_queue_seconds", "From admission to the first step, by request."),
    "encode_seconds": ("kantu_engine_encode_seconds", "The vision tower, by batch of pictures."),
    "prefill_seconds": ("kantu_engine_prefill_seconds", "Forwards that read prompts."),
    "decode_seconds": ("kantu_engine_decode_seconds", "Forwards that only generate."),
}
# Told from the service's side, by endpoint, under names of their own.
_ELSEWHERE = frozenset({"preprocess_seconds", "ttft_seconds", "tpot_seconds", "request_seconds"})
_USED_GAUGES = frozenset(
    {"kv_bytes", "kv_used_bytes", "vision_bytes", "device_memory_used_bytes", "device_memory_free_bytes"}
)


def engine_metrics(model: str, stats: Stats) -> Iterator[Metric]:
    """Every counter, gauge and histogram of `stats`, with the label `model`; what an engine has not counted yet is 0.

    Names that are not known here come out as `kantu_engine_{name}`, so that nothing an engine reports is lost.
    """
    labels = {"model": model}
    counters, gauges = dict(stats.counters), dict(stats.gauges)
    for name, (series, text) in _COUNTERS.items():
        yield counter(series, text, [(labels, counters.pop(name, 0))])
    yield counter(
        "kantu_engine_requests",
        "Requests the engine has ended.",
        [(labels | {"outcome": outcome}, counters.pop(f"requests_{outcome}", 0)) for outcome in _OUTCOMES],
    )
    reasons = _reasons(_FINISH_REASONS, "finish_", counters)
    yield counter(
        "kantu_finish",
        "Answers by the reason they ended.",
        [(labels | {"reason": reason}, counters.pop(f"finish_{reason}", 0)) for reason in reasons],
    )
    yield counter(
        "kantu_engine_rejected",
        "Requests the engine did not admit.",
        [
            (labels | {"reason": reason}, counters.pop(f"rejected_{reason}", 0))
            for reason in _reasons(_REJECTIONS, "rejected_", counters)
        ],
    )
    yield counter(
        "kantu_engine_hangs",
        "Engine processes that hung and were killed, by what they did; listener: the service itself held them up.",
        [(labels | {"kind": kind}, counters.pop(f"hang_{kind}", 0)) for kind in _reasons(_HANGS, "hang_", counters)],
    )
    for what in ("queries", "hits"):
        yield counter(
            f"kantu_cache_{what}",
            f"Cache {what}: blocks of prompts in the prefix cache, pictures in the vision cache.",
            [(labels | {"cache": cache}, counters.pop(f"{cache}_{what}", 0)) for cache in _CACHES],
        )
    counters.pop("engine_restarts", None)  # `sources.py` tells it, of the service and not of a model
    for name, value in counters.items():
        yield counter(f"kantu_engine_{name}", "Counted by the engine.", [(labels, value)])
    yield from _gauges(labels, gauges)
    for name, (series, text) in _HISTOGRAMS.items():
        yield histogram(series, text, labels, stats.histograms.get(name, Histogram()))
    for name in sorted(set(stats.histograms) - set(_HISTOGRAMS) - _ELSEWHERE):
        yield histogram(f"kantu_engine_{name}", "Measured by the engine.", labels, stats.histograms[name])


def _gauges(labels: dict[str, str], gauges: dict[str, float]) -> Iterator[Metric]:
    yield gauge(
        "kantu_cache_bytes",
        "Bytes in use: of KV blocks that running answers hold, and of visual tokens kept.",
        [
            (labels | {"cache": "kv"}, gauges.get("kv_used_bytes", 0)),
            (labels | {"cache": "vision"}, gauges.get("vision_bytes", 0)),
        ],
    )
    yield gauge("kantu_kv_cache_capacity_bytes", "Bytes of all KV blocks.", [(labels, gauges.get("kv_bytes", 0))])
    used = gauges.get("device_memory_used_bytes")
    if used is None:  # an engine that does not know its device: what it has asked for itself
        used = sum(gauges.get(name, 0) for name in ("weight_bytes", "kv_bytes", "vision_bytes"))
    yield gauge("kantu_device_memory_used_bytes", "Memory of the device in use.", [(labels, used)])
    yield gauge(
        "kantu_device_memory_free_bytes",
        "Memory of the device that is free.",
        [(labels, gauges["device_memory_free_bytes"])] if "device_memory_free_bytes" in gauges else [],
    )
    for name, (series, text) in _GAUGES.items():
        yield gauge(series, text, [(labels, gauges.pop(name, 0))])
    for name in sorted(set(gauges) - _USED_GAUGES):
        yield gauge(f"kantu_engine_{name}", "Measured by the engine.", [(labels, gauges[name])])


def _reasons(known: tuple[str, ...], prefix: str, names: dict[str, int]) -> list[str]:
    """The known ones, and any others that have been counted."""
    counted = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    return [*known, *sorted(counted - set(known))]
