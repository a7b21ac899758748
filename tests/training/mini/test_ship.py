"""What is shipped of a run: its weights, or their mean with those that were shipped before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kantu.errors import InvalidRequestError
from kantu.training.mini.ship import ship
from kantu.training.progress import Progress, read_record, write_progress, write_record

SHARD = "model-00001-of-00001.safetensors"


def folder_with(folder: Path, values: list[float], pictures: int) -> Path:
    folder.mkdir()
    save_file({"weight": torch.tensor(values, dtype=torch.bfloat16)}, folder / SHARD)
    (folder / "config.json").write_text("{}")
    write_progress(folder, Progress(step=1, pictures=pictures, history=({"stage": "order"},)))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return folder_with(tmp_path / "run", [1.0, 2.0], pictures=300)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = folder_with(tmp_path / "shipped", [2.0, 4.0], pictures=200)
    write_record(folder, Progress(pictures=200))
    return folder


def weight(folder: Path) -> list[float]:
    tensor = load_file(folder / SHARD)["weight"]
    assert tensor.dtype == torch.bfloat16
    return tensor.tolist()


def test_a_run_replaces_what_was_shipped(run: Path, shipped: Path) -> None:
    (shipped / "model-00002-of-00002.safetensors").write_bytes(b"of an older layout")
    ship(run, shipped)
    assert weight(shipped) == [1.0, 2.0]
    assert [path.name for path in shipped.glob("model-*")] == [SHARD]
    assert read_record(shipped).history == ({"stage": "order"},)


def test_a_share_of_it_is_mixed_with_what_was_shipped_and_the_record_says_so(run: Path, shipped: Path) -> None:
    ship(run, shipped, share=0.75)
    assert weight(shipped) == [1.25, 2.5]
    record = json.loads((shipped / "training.json").read_text())
    assert record["pictures"] == 300
    assert record["stretches"] == [{"stage": "order"}, {"share": 0.75, "mean_with_pictures": 200}]


def test_weights_of_another_network_are_neither_mixed_nor_lost(run: Path, tmp_path: Path) -> None:
    other = folder_with(tmp_path / "other", [1.0, 2.0, 3.0], pictures=5)
    for folder in (other, tmp_path / "empty"):
        with pytest.raises(InvalidRequestError, match="weights_differ"):
            ship(run, folder, share=0.5)
    assert weight(other) == [1.0, 2.0, 3.0]
