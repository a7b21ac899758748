"""Where a run stands, and the record of what made a folder's weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRESS = "progress.json"
_RECORD = "training.json"  # of shipped weights


@dataclass(frozen=True)
class Progress:
    """Where a run stands; written beside its tensors. `history` tells what made the weights, stretch by stretch."""

    step: int = 0
    pictures: int = 0
    hours: float = 0.0
    history: tuple[Mapping[str, Any], ...] = ()


def read_progress(run: Path) -> Progress | None:
    """Where the run in this folder stands; None when none has begun there."""
    if not (run / _PROGRESS).exists():
        return None
    saved = json.loads((run / _PROGRESS).read_text("utf-8"))
    return Progress(**{**saved, "history": tuple(saved["history"])})


def write_progress(run: Path, progress: Progress) -> None:
    """Write where the run stands."""
    content = {**vars(progress), "history": [dict(stretch) for stretch in progress.history]}
    (run / f"{_PROGRESS}.part").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    (run / f"{_PROGRESS}.part").replace(run / _PROGRESS)


def read_record(folder: Path) -> Progress:
    """What made the weights of a shipped folder, as far as its record tells."""
    path = folder / _RECORD
    if not path.exists():
        return Progress()
    saved = json.loads(path.read_text("utf-8"))
    return Progress(saved["steps"], saved["pictures"], saved["hours"], tuple(saved["stretches"]))


def write_record(folder: Path, progress: Progress) -> None:
    """Write beside shipped weights which commits, seeds, steps and hours made them."""
    record = {
        "steps": progress.step,
        "pictures": progress.pictures,
        "hours": round(progress.hours, 2),
        "stretches": [dict(stretch) for stretch in progress.history],
    }
    (folder / _RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", "utf-8")
