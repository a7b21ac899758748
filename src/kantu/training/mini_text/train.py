"""Trains `kantu-mini-text`, the text model of the stitched pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from kantu.training.loop import LoopSettings, Stretch
from kantu.training.mini.folder import write_companions
from kantu.training.mini.stream import Draw, Stage
from kantu.training.mini.tokenizer import build_tokenizer
from kantu.training.mini.train import follow
from kantu.training.mini_text.learner import MiniTextLearner
from kantu.training.mini_text.reader_errors import ReaderErrors
from kantu.training.mini_text.stream import TextStream
from kantu.training.progress import Progress


def train(
    stretches: Sequence[Stretch],
    stages: Mapping[str, Stage],
    draws: Mapping[str, Draw],
    errors: ReaderErrors,
    settings: LoopSettings,
    *,
    weights: Path,
    device: torch.device,
    seed: int = 1,
    workers: int = 1,
) -> Progress:
    """Go on from `settings.run` if a run has begun there, else from the decoder of the folder `weights`."""
    tokenizer = build_tokenizer()
    learner = MiniTextLearner(tokenizer, seed=seed, weights=weights, device=device)
    write_companions(settings.run, learner.config, tokenizer)

    def stream(stage: str, first: int) -> TextStream:
        return TextStream(stages[stage], draws, learner.config, tokenizer.to_str(), errors, seed, first)

    about = {"seed": seed}
    return follow(stretches, learner, stream, settings, Progress(), about, workers=workers, device=device)
