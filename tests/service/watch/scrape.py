"""Reads Prometheus' text format back, with the official client's parser."""

from __future__ import annotations

from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families


def samples(text: bytes) -> dict[str, float]:
    """Every sample as `name{label="value",...}`, labels sorted, histograms' buckets as well."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def names(text: bytes) -> set[str]:
    """The names of all samples."""
    return {name.partition("{")[0] for name in samples(text)}


def scrape(registry: CollectorRegistry) -> dict[str, float]:
    return samples(generate_latest(registry))
