"""One run of `kantu calibrate`: goes on where an earlier one ended, and loads the model only if something is left."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import kantu
from kantu import hub
from kantu.evaluation.calibration.asking import judge_all
from kantu.evaluation.calibration.samples import About, Judged, SampleFile
from kantu.evaluation.results import Run
from kantu.evaluation.run import Subject, describe
from kantu.evaluation.suites import Opened
from kantu.evaluation.typed import given_of
from kantu.solve.calibration import Origin
from kantu.vlm import VLM


def collect(
    opened: Opened,
    subject: Subject,
    path: Path | None = None,
    parallel: int = 1,
    on_record: Callable[[int], None] = lambda count: None,
    load: Callable[[Subject], VLM] | None = None,
) -> tuple[Judged, ...]:
    """Judged records of all items that a task asks, from the file of samples where it holds them.

    Args:
        path: the file; by default one under KANTU_HOME for this suite, model and precision.
        on_record: hears how many items are done.
        load: makes the model; by default `kantu.load`.

    Raises KantuError as `SampleFile.open` and `judge_all`; what was judged by then is kept.
    """
    run = describe(opened, subject)
    about = About(run.suite, run.suite_version, run.model, run.weights, run.precision)
    items = list({item.key: item for item in opened.items if given_of(item) is not None}.values())
    passed_over = len(opened.items) - len(items)
    with SampleFile.open(path or _default_path(about), about) as file:
        left = [item for item in items if item.key not in file.judged]
        done = passed_over + len(items) - len(left)
        on_record(done)
        if left:
            with closing((load or _load)(subject)) as vlm:
                for count, record in enumerate(judge_all(vlm, left, parallel=parallel), 1):
                    file.add(record)
                    on_record(done + count)
        return tuple(file.judged[item.key] for item in items if item.key in file.judged)


def origin_of(run: Run) -> Origin:
    """What a calibration fitted today says of where it comes from; the fit fills in the counts."""
    return Origin(
        suite=run.suite,
        suite_version=run.suite_version,
        model=run.model,
        weights=run.weights,
        precision=run.precision,
        date=datetime.now(UTC).date().isoformat(),
        pictures=0,
        records=0,
        fields=0,
    )


def _load(subject: Subject) -> VLM:
    return kantu.load(subject.model, device=subject.device, quantize=subject.quantize)


def _default_path(about: About) -> Path:
    name = f"{about.suite}-{about.suite_version}-{about.model}-{about.weights[:12]}-{about.precision}"
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    return hub.home() / "calibrations" / f"{safe}.jsonl"
