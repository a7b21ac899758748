"""The training loop of `kantu-mini`: resumable, CPU and CUDA, BF16, metrics to JSONL."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich import progress as rich_progress
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader

from kantu.model.checkpoint import load_model
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.image import read_image_config
from kantu.training import losses, mini
from kantu.training.examples import Batch, BatchStream, Draw, Stage
from kantu.training.losses import GlyphHead
from kantu.training.optimizer import MasterOptimizer

_STATE = "state.safetensors"
_PROGRESS = "progress.json"
_METRICS = "metrics.jsonl"
_RECORD = "training.json"  # of shipped weights
_GLYPH_HEAD = "glyph-head.safetensors"  # beside a run's weights; a folder that ships has none, and a fresh one learns


@dataclass(frozen=True)
class TrainSettings:
    """How one run goes on. `pictures` is the length of this stretch; `decay` ends it with a linear fall to zero."""

    run: Path
    pictures: int
    learning_rate: float = 2e-3
    warmup_steps: int = 100
    weight_decay: float = 0.05
    clip: float = 1.0
    decay: bool = False
    seed: int = 1
    workers: int = 1
    save_seconds: float = 300.0
    log_steps: int = 20


@dataclass(frozen=True)
class Progress:
    """Where a run stands; written beside its tensors. `history` tells what made the weights, stretch by stretch."""

    step: int = 0
    pictures: int = 0
    hours: float = 0.0
    history: tuple[Mapping[str, Any], ...] = ()


def read_progress(run: Path) -> Progress | None:
    """Where the run in this folder stands; None when it holds no state."""
    if not (run / _STATE).exists():
        return None
    saved = json.loads((run / _PROGRESS).read_text("utf-8"))
    return Progress(**{**saved, "history": tuple(saved["history"])})


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


class Trainer:
    """A model with its glyph head, its optimizer and its place on disk."""

    def __init__(self, settings: TrainSettings, *, weights: Path | None, device: torch.device) -> None:
        """Go on from `settings.run` if it holds a state, else from the folder `weights`, else from scratch."""
        self.settings = settings
        self.device = device
        self.tokenizer = mini.build_tokenizer()
        self.config = mini.mini_config(self.tokenizer)
        self.model = Qwen3VL(self.config)
        mini.initialize(self.model, settings.seed)
        torch.manual_seed(settings.seed)
        self.head = GlyphHead(self.config)
        if weights is not None:
            loaded = load_model(weights, device=torch.device("cpu"), dtype=torch.float32)
            self.model.load_state_dict(loaded.state_dict())
            if (weights / _GLYPH_HEAD).exists():
                nn.ModuleDict({"head": self.head}).load_state_dict(load_file(weights / _GLYPH_HEAD))
        modules = {"model": self.model.to(device), "head": self.head.to(device)}
        self.optimizer = MasterOptimizer(modules, weight_decay=settings.weight_decay, clip=settings.clip)
        for module in modules.values():
            module.bfloat16()
        self.optimizer.attach(modules)
        self.progress = read_record(weights) if weights is not None else Progress()
        settings.run.mkdir(parents=True, exist_ok=True)
        mini.write_companions(settings.run, self.config, self.tokenizer)
        saved = read_progress(settings.run)
        if saved is not None:
            self.optimizer.load_state_dict(load_file(settings.run / _STATE, device=str(device)))
            self.progress = saved

    def train(self, stage: Stage, draws: Mapping[str, Draw]) -> None:
        """Train one stretch of `settings.pictures` pictures, saving as it goes and at its end."""
        settings, started, saved = self.settings, time.monotonic(), time.monotonic()
        before, seen, steps = self.progress, 0, 0
        stretch = {"stage": stage.name, "seed": settings.seed, "commit": _commit(), "first_batch": before.step}
        recent: dict[str, list[float]] = defaultdict(list)
        window = time.monotonic()
        window_pictures = 0
        columns = (
            rich_progress.TextColumn("{task.description}"),
            rich_progress.BarColumn(),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TimeRemainingColumn(),
        )
        with rich_progress.Progress(*columns) as bar, contextlib.ExitStack() as at_exit:
            at_exit.callback(self.save)  # also when the run is interrupted
            task = bar.add_task(stage.name, total=settings.pictures)
            for batch in self._batches(stage, draws, before.step):
                rate = self._learning_rate(steps, seen)
                result = losses.compute(self.model, self.head, batch)
                result.total.backward()  # type: ignore[no-untyped-call]
                norm = self.optimizer.step(rate)
                steps, seen, window_pictures = steps + 1, seen + batch.pictures, window_pictures + batch.pictures
                hours = before.hours + (time.monotonic() - started) / 3600
                summary = {
                    **stretch,
                    "pictures": seen,
                    "learning_rate": settings.learning_rate,
                    "decay": settings.decay,
                }
                history = (*before.history, summary)
                self.progress = Progress(before.step + steps, before.pictures + seen, hours, history)
                for name, value in {**result.parts, "gradient_norm": norm}.items():
                    recent[name].append(value)
                bar.update(task, completed=min(seen, settings.pictures))
                if steps % settings.log_steps == 0:
                    self._log(stage, rate, window_pictures / (time.monotonic() - window), recent)
                    recent.clear()
                    window, window_pictures = time.monotonic(), 0
                if seen >= settings.pictures:
                    return
                if time.monotonic() - saved > settings.save_seconds:
                    self.save()
                    saved = time.monotonic()

    def save(self) -> None:
        """Write the resumable state and, beside it, the loadable BF16 folder. Each file is replaced at once."""
        run = self.settings.run
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in self.optimizer.state_dict().items()}
        save_file(state, run / f"{_STATE}.part")
        (run / f"{_STATE}.part").replace(run / _STATE)
        content = {**self.progress.__dict__, "history": [dict(stretch) for stretch in self.progress.history]}
        (run / _PROGRESS).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        mini.write_weights(run, self.model)
        save_file(nn.ModuleDict({"head": self.head}).state_dict(), run / _GLYPH_HEAD)

    def _batches(self, stage: Stage, draws: Mapping[str, Draw], first_index: int) -> Iterator[Batch]:
        stream = BatchStream(
            stage,
            draws,
            self.config,
            read_image_config(self.settings.run),
            self.tokenizer.to_str(),
            self.settings.seed,
            first_index,
        )
        workers = self.settings.workers
        loader = DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None)
        for batch in loader:
            tensors = {name: value.to(self.device) for name, value in vars(batch).items() if torch.is_tensor(value)}
            yield replace(batch, **tensors)

    def _learning_rate(self, steps: int, seen: int) -> float:
        settings = self.settings
        rate = settings.learning_rate * min(1.0, (steps + 1) / settings.warmup_steps)
        return rate * max(0.0, 1.0 - seen / settings.pictures) if settings.decay else rate

    def _log(self, stage: Stage, rate: float, speed: float, recent: Mapping[str, list[float]]) -> None:
        progress = self.progress
        record = {
            "stage": stage.name,
            "step": progress.step,
            "pictures": progress.pictures,
            "hours": round(progress.hours, 4),
            "learning_rate": rate,
            "pictures_per_second": round(speed, 2),
            **{name: round(sum(values) / len(values), 5) for name, values in sorted(recent.items())},
        }
        with (self.settings.run / _METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def _commit() -> str:
    """The commit of the code that trains, for the record that ships with the weights."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    result = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
