"""A finished run -> the folder of the embedded model, with a record of what made the weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kantu.errors import InvalidRequestError
from kantu.training.progress import Progress, read_progress, read_record, write_record

_LOADABLE = ("*.safetensors.index.json", "model-*.safetensors", "config.json", "*_config.json", "tokenizer.json")
_TEMPLATES = ("chat_template.json",)


def ship(run: Path, folder: Path, *, average_with: Path | None = None) -> None:
    """Replace the model in `folder` by that of `run`; `training.json` names commits, seeds, steps and hours.

    Args:
        average_with: a shipped folder on the run's way; each weight becomes the mean of the two ("model soups",
            Wortsman et al., 2022). What one stretch has unlearned, the mean often still knows.

    Raises InvalidRequestError when the run holds no state.
    """
    progress = read_progress(run)
    if progress is None:
        raise InvalidRequestError("run_missing", f"{run} 里没有检查点", f"{run} holds no checkpoint", param="run")
    folder.mkdir(parents=True, exist_ok=True)
    other = _weights(average_with) if average_with else {}
    if average_with:
        progress = _averaged(progress, read_record(average_with))
    for old in folder.glob("model-*.safetensors"):
        old.unlink()
    for pattern in _LOADABLE + _TEMPLATES:
        for path in run.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    if other:
        for path in folder.glob("model-*.safetensors"):
            mean = {name: _mean(tensor, other[name]) for name, tensor in load_file(path).items()}
            save_file(mean, path, metadata={"format": "pt"})
    write_record(folder, progress)


def _weights(folder: Path) -> dict[str, Tensor]:
    return {name: tensor for path in folder.glob("model-*.safetensors") for name, tensor in load_file(path).items()}


def _mean(a: Tensor, b: Tensor) -> Tensor:
    return ((a.float() + b.float()) / 2).to(torch.bfloat16).contiguous()


def _averaged(progress: Progress, other: Progress) -> Progress:
    """The record of the mean: a last entry names the pictures that the other weights had seen."""
    return replace(progress, history=(*progress.history, {"averaged_with_pictures": other.pictures}))
