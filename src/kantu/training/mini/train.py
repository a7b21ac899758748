"""Trains `kantu-mini`: stretches of the recipe, one after the other, into one run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from kantu.model.folder import ModelFolder
from kantu.processing.image import ImageConfig
from kantu.training import loop
from kantu.training.loop import B, Learner, LoopSettings, Stretch
from kantu.training.mini.folder import write_companions
from kantu.training.mini.learner import MiniLearner
from kantu.training.mini.stream import BatchStream, Draw, Stage
from kantu.training.mini.tokenizer import build_tokenizer
from kantu.training.progress import Progress, read_record


def train(
    stretches: Sequence[Stretch],
    stages: Mapping[str, Stage],
    draws: Mapping[str, Draw],
    settings: LoopSettings,
    *,
    weights: Path | None,
    device: torch.device,
    seed: int = 1,
    workers: int = 1,
    frozen_eye: bool = False,
) -> Progress:
    """Go on from `settings.run` if a run has begun there, else from the folder `weights`, else from scratch."""
    tokenizer = build_tokenizer()
    learner = MiniLearner(tokenizer, seed=seed, weights=weights, device=device, frozen_eye=frozen_eye)
    write_companions(settings.run, learner.config, tokenizer)
    image_config = ImageConfig.from_folder(ModelFolder.open(settings.run))

    def stream(stage: str, first: int) -> BatchStream:
        return BatchStream(stages[stage], draws, learner.config, image_config, tokenizer.to_str(), seed, first)

    begun = read_record(weights) if weights else Progress()
    about = {"seed": seed, **({"frozen_eye": True} if frozen_eye else {})}
    return follow(stretches, learner, stream, settings, begun, about, workers=workers, device=device)


def follow(
    stretches: Sequence[Stretch],
    learner: Learner[B],
    stream: Callable[[str, int], IterableDataset[B]],
    settings: LoopSettings,
    begun: Progress,
    about: Mapping[str, Any],
    *,
    workers: int,
    device: torch.device,
) -> Progress:
    """Train stretch by stretch on the stream of each one's stage from some batch on.

    Goes on from `settings.run` if a run has begun there, else from where `begun` stands. `about` goes into the history,
    with the commit. `device` is the learner's.
    """
    resumed = loop.resume(learner, settings.run)
    if resumed is not None:
        settings = replace(settings, warmup_steps=1)  # the optimizer's moments are warm
    progress = resumed or begun
    for stretch in stretches:
        batches: DataLoader[B] = DataLoader(
            stream(stretch.stage, progress.step),
            batch_size=None,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            pin_memory=device.type == "cuda",  # a GPU copies from such memory without the processor
        )
        progress = loop.train(learner, batches, stretch, settings, progress, {**about, "commit": _commit()})
    return progress


def _commit() -> str:
    """The commit of the code that trains, for the record that ships with the weights."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    result = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
