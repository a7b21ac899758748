"""A finished run -> the folder of the embedded model, with a record of what made the weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kantu.errors import error
from kantu.training.progress import read_progress, read_record, write_record

_LOADABLE = ("*.safetensors.index.json", "config.json", "*_config.json", "tokenizer.json")
_TEMPLATES = ("chat_template.json",)


def ship(run: Path, folder: Path, share: float = 1.0) -> None:
    """Replace the model in `folder` by that of `run`; `training.json` names commits, seeds, steps and hours.

    Args:
        share: of the run in the weights written, the rest is what `folder` held. A run that learned something new and
            lost something old keeps most of both in such a mean (Wortsman et al., 2022, https://arxiv.org/abs/2109.01903).

    Raises:
        InvalidRequestError: the run holds no state, or `folder` no weights of its shapes to take a mean with.
    """
    progress = read_progress(run)
    if progress is None:
        raise error("run_missing", run=run)
    folder.mkdir(parents=True, exist_ok=True)
    if share < 1:
        mean = {"share": share, "mean_with_pictures": read_record(folder).pictures}
        progress = replace(progress, history=(*progress.history, mean))
    shards = {path.name: _mean(path, folder / path.name, share) for path in sorted(run.glob("model-*.safetensors"))}
    for old in folder.glob("model-*.safetensors"):
        old.unlink()
    for name, tensors in shards.items():
        save_file(tensors, folder / name, metadata={"format": "pt"})
    for pattern in _LOADABLE + _TEMPLATES:
        for path in run.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    write_record(folder, progress)


def _mean(new: Path, old: Path, share: float) -> dict[str, Tensor]:
    """The tensors of one shard, `share` of each from `new`; computed in float32, in the dtype of `new`."""
    tensors = load_file(new)
    if share == 1:
        return tensors
    others = load_file(old) if old.exists() else {}
    if {name: tensor.shape for name, tensor in others.items()} != {
        name: tensor.shape for name, tensor in tensors.items()
    }:
        raise error("weights_differ", folder=old.parent)
    return {
        name: torch.lerp(others[name].float(), tensor.float(), share).to(tensor.dtype)
        for name, tensor in tensors.items()
    }
