"""Builds Prometheus' metric families from plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from kantu.engine.metrics import SECONDS, Histogram

_EDGES = (*map(floatToGoString, SECONDS), "+Inf")

Values = Iterable[tuple[Mapping[str, str], float]]


def counter(name: str, help_text: str, values: Values) -> CounterMetricFamily:
    """A counter, `name` without its `_total`; all values carry the same labels."""
    listed = list(values)
    family = CounterMetricFamily(name, help_text, labels=list(listed[0][0]) if listed else ())
    for labels, value in listed:
        family.add_metric(list(labels.values()), value)
    return family


def gauge(name: str, help_text: str, values: Values) -> GaugeMetricFamily:
    """A gauge; all values carry the same labels."""
    listed = list(values)
    family = GaugeMetricFamily(name, help_text, labels=list(listed[0][0]) if listed else ())
    for labels, value in listed:
        family.add_metric(list(labels.values()), value)
    return family


def histogram(name: str, help_text: str, labels: Mapping[str, str], seen: Histogram) -> HistogramMetricFamily:
    """A histogram of seconds. Prometheus' buckets hold everything at or below their edge, the engine's do not."""
    family = HistogramMetricFamily(name, help_text, labels=list(labels))
    buckets, below = [], 0
    for edge, count in zip(_EDGES, seen.counts, strict=True):
        below += count
        buckets.append((edge, float(below)))
    family.add_metric(list(labels.values()), buckets, seen.total)
    return family


def merged(families: Iterable[Metric]) -> list[Metric]:
    """Families of the same name as one, as Prometheus' format wants them: those of several models."""
    by_name: dict[str, Metric] = {}
    for family in families:
        known = by_name.setdefault(family.name, family)
        if known is not family:
            known.samples += family.samples
    return list(by_name.values())
