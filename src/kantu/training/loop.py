"""The training loop: step, log, save, resume. What learns, and from what, is handed in."""

from __future__ import annotations

import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from rich import progress as rich_progress
from safetensors.torch import load_file, save_file
from torch import Tensor

from kantu.training.progress import Progress, read_progress, write_progress

_STATE = "state.safetensors"
_METRICS = "metrics.jsonl"


class Batch(Protocol):
    """What one step learns from."""

    @property
    def pictures(self) -> int:
        """How many pictures are in it."""
        ...


B = TypeVar("B", bound=Batch)
B_contra = TypeVar("B_contra", bound=Batch, contravariant=True)


class Learner(Protocol[B_contra]):
    """A model that learns."""

    def learn(self, batch: B_contra, learning_rate: float) -> Mapping[str, float]:
        """One step on a batch; figures for the log, a mean over steps is taken of each."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Everything that learning needs to go on, fit for safetensors."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from `state`."""
        ...

    def write(self, folder: Path) -> None:
        """Write the model as it stands as a loadable folder."""
        ...


@dataclass(frozen=True)
class Stretch:
    """One stage for a number of pictures; `decay` lets the learning rate fall to zero at its end."""

    stage: str
    pictures: int
    decay: bool = False


@dataclass(frozen=True)
class LoopSettings:
    """How a run goes, whatever the stretch."""

    run: Path
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    save_seconds: float = 300.0
    log_steps: int = 20


def resume(learner: Learner[B], run: Path) -> Progress | None:
    """Let the learner go on from the state in `run`; None, and nothing done, where there is none."""
    progress = read_progress(run)
    if progress is not None:
        learner.restore(load_file(run / _STATE))
    return progress


def save(learner: Learner[B], run: Path, progress: Progress) -> None:
    """Write the resumable state and, beside it, the loadable folder. Each file is replaced at once."""
    save_file({name: tensor.contiguous() for name, tensor in learner.state().items()}, run / f"{_STATE}.part")
    (run / f"{_STATE}.part").replace(run / _STATE)
    write_progress(run, progress)
    learner.write(run)


def train(
    learner: Learner[B],
    batches: Iterable[B],
    stretch: Stretch,
    settings: LoopSettings,
    before: Progress,
    about: Mapping[str, Any],
) -> Progress:
    """Train one stretch, saving as it goes and at its end, however it ends.

    `about` (seed, commit) goes with it into the history.
    """
    settings.run.mkdir(parents=True, exist_ok=True)
    started = saved = window = time.monotonic()
    progress, seen, logged = before, 0, 0
    about = {
        "stage": stretch.stage,
        "first_batch": before.step,
        "learning_rate": settings.learning_rate,
        "decay": stretch.decay,
        **about,
    }
    recent: dict[str, list[float]] = defaultdict(list)
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns) as bar, contextlib.ExitStack() as at_exit:
        at_exit.callback(lambda: save(learner, settings.run, progress))  # also when the run is interrupted
        task = bar.add_task(stretch.stage, total=stretch.pictures)
        for steps, batch in enumerate(batches, 1):
            rate = _learning_rate(settings, stretch, steps - 1, seen)
            for name, value in learner.learn(batch, rate).items():
                recent[name].append(value)
            seen += batch.pictures
            progress = Progress(
                before.step + steps,
                before.pictures + seen,
                before.hours + (time.monotonic() - started) / 3600,
                (*before.history, {**about, "pictures": seen}),
            )
            bar.update(task, completed=min(seen, stretch.pictures))
            if steps % settings.log_steps == 0:
                speed = (seen - logged) / (time.monotonic() - window)
                _log(settings.run, stretch.stage, progress, rate, speed, recent)
                recent.clear()
                window, logged = time.monotonic(), seen
            if seen >= stretch.pictures:
                break
            if time.monotonic() - saved > settings.save_seconds:
                save(learner, settings.run, progress)
                saved = time.monotonic()
    return progress


def _learning_rate(settings: LoopSettings, stretch: Stretch, steps: int, seen: int) -> float:
    rate = settings.learning_rate * min(1.0, (steps + 1) / settings.warmup_steps)
    return rate * max(0.0, 1.0 - seen / stretch.pictures) if stretch.decay else rate


def _log(
    run: Path,
    stage: str,
    progress: Progress,
    rate: float,
    speed: float,
    recent: Mapping[str, list[float]],
) -> None:
    record = {
        "stage": stage,
        "step": progress.step,
        "pictures": progress.pictures,
        "hours": round(progress.hours, 4),
        "learning_rate": rate,
        "pictures_per_second": round(speed, 2),
        **{name: round(sum(values) / len(values), 5) for name, values in sorted(recent.items())},
    }
    with (run / _METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
