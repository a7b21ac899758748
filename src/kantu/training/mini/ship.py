"""A finished run -> the folder of the embedded model, with a record of what made the weights."""

from __future__ import annotations

import shutil
from pathlib import Path

from kantu.errors import error
from kantu.training.progress import read_progress, write_record

_LOADABLE = ("*.safetensors.index.json", "model-*.safetensors", "config.json", "*_config.json", "tokenizer.json")
_TEMPLATES = ("chat_template.json",)


def ship(run: Path, folder: Path) -> None:
    """Replace the model in `folder` by that of `run`; `training.json` names commits, seeds, steps and hours.

    Raises InvalidRequestError when the run holds no state.
    """
    progress = read_progress(run)
    if progress is None:
        raise error("run_missing", run=run)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("model-*.safetensors"):
        old.unlink()
    for pattern in _LOADABLE + _TEMPLATES:
        for path in run.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    write_record(folder, progress)
