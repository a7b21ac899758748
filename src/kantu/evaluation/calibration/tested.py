"""How a calibration does on records that it was not fitted on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kantu.evaluation.calibration.samples import Judged
from kantu.evaluation.reliability import Reliability, TradePoint, at_threshold, measure
from kantu.solve.calibration import EVERYTHING, Calibration


@dataclass(frozen=True)
class Told:
    """What a set of fields or records said, and what was right: one of each by place."""

    raw: tuple[float, ...]
    confidence: tuple[float, ...]
    right: tuple[bool, ...]
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class KindRow:
    """A kind of field, or `EVERYTHING`, before and after."""

    kind: str
    before: Reliability
    after: Reliability


@dataclass(frozen=True)
class TaskRow:
    """Whole records of a task: how far their confidence can be believed, and what its threshold does."""

    task: str
    whole: Reliability
    point: TradePoint


def fields_told(records: Sequence[Judged], calibration: Calibration, kind: str = EVERYTHING) -> Told:
    """Of all fields, or those of one kind."""
    rows = [
        (field.raw, calibration.confidence(field.kind, field.raw), field.right, record.picture)
        for record in records
        for field in record.fields
        if kind in (EVERYTHING, field.kind)
    ]
    return _told(rows)


def wholes_told(records: Sequence[Judged], calibration: Calibration, task: str) -> Told:
    """Of the records of a task; `raw` is what they are without a calibration."""
    rows = []
    for record in records:
        if record.task == task and record.fields:
            raw = {field.path: field.raw for field in record.fields}
            sure = {field.path: calibration.confidence(field.kind, field.raw) for field in record.fields}
            before, after = Calibration().whole(task, raw), calibration.whole(task, sure)
            rows.append((before, after, record.right, record.picture))
    return _told(rows)


def by_kind(records: Sequence[Judged], calibration: Calibration) -> list[KindRow]:
    """Everything, then each kind, the most frequent first."""
    counts: dict[str, int] = defaultdict(int)
    for record in records:
        for field in record.fields:
            counts[field.kind] += 1
    kinds = sorted(counts, key=lambda kind: -counts[kind])
    rows = []
    for kind in (EVERYTHING, *kinds) if kinds else ():
        told = fields_told(records, calibration, kind)
        rows.append(
            KindRow(
                kind,
                measure(told.raw, told.right, told.pictures),
                measure(told.confidence, told.right, told.pictures),
            )
        )
    return rows


def by_task(records: Sequence[Judged], calibration: Calibration) -> list[TaskRow]:
    """In order of first appearance."""
    rows = []
    for task in dict.fromkeys(record.task for record in records):
        told = wholes_told(records, calibration, task)
        point = at_threshold(told.confidence, told.right, calibration.threshold(task))
        rows.append(TaskRow(task, measure(told.confidence, told.right, told.pictures), point))
    return rows


def _told(rows: Sequence[tuple[float, float, bool, str]]) -> Told:
    raw, sure, right, pictures = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Told(tuple(raw), tuple(sure), tuple(right), tuple(pictures))
