"""The network learns from pictures; a run is stopped, gone on with, and shipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from kantu.errors import InvalidRequestError
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.synth.page import Line, Page, Question
from kantu.training.loop import LoopSettings, Stretch
from kantu.training.mini.recipe import remaining
from kantu.training.mini.ship import ship
from kantu.training.mini.stream import Stage
from kantu.training.mini.train import train
from kantu.training.plot import plot_run
from kantu.training.progress import Progress, read_progress

pytestmark = pytest.mark.whole

STAGES = {"test": Stage("test", {"blocks": 1.0}, {(64, 64): 1.0}, patches=128, text_tokens=64)}
CPU = torch.device("cpu")


def draw(seed: int, width: int, height: int) -> Page:
    """A page that is black or white, and says so: what a network can learn in a few steps, without a font."""
    dark = seed % 2 == 0
    text = "黑" if dark else "白"
    image = Image.new("RGB", (width, height), (0, 0, 0) if dark else (255, 255, 255))
    boxes = ((16.0, 16.0, 32.0, 32.0),)
    return Page("blocks", seed, image, (Line(text, boxes[0], boxes, 16.0),), questions=(Question("q", "色", text),))


def run(folder: Path, pictures: int, weights: Path | None = None) -> Progress:
    settings = LoopSettings(folder, warmup_steps=2, log_steps=1)
    return train(
        [Stretch("test", pictures)], STAGES, {"blocks": draw}, settings, weights=weights, device=CPU, workers=0
    )


def test_a_run_learns_and_logs(tmp_path: Path) -> None:
    run(tmp_path, 8 * 12)
    records = [json.loads(row) for row in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert len(records) == 12
    assert records[-1]["lm"] < records[0]["lm"] - 1
    assert records[-1]["glyph"] < records[0]["glyph"] - 1
    assert plot_run(tmp_path).stat().st_size > 10_000


def test_a_stopped_run_goes_on_where_it_stood(tmp_path: Path) -> None:
    run(tmp_path, 16)
    before = read_progress(tmp_path)
    assert before is not None
    assert (before.step, before.pictures) == (2, 16)
    assert any(name.startswith("momentum_buffer/") for name in load_file(tmp_path / "state.safetensors"))
    after = run(tmp_path, 8)
    assert after.pictures == 24
    assert [stretch["first_batch"] for stretch in after.history] == [0, 2]


def test_shipped_weights_alone_are_enough_to_go_on(tmp_path: Path) -> None:
    run(tmp_path / "a", 8)
    ship(tmp_path / "a", tmp_path / "shipped")
    assert not (tmp_path / "shipped" / "glyph-head.safetensors").exists()
    after = run(tmp_path / "b", 8, weights=tmp_path / "shipped")
    assert (after.step, after.pictures) == (2, 16)
    assert [stretch["first_batch"] for stretch in after.history] == [0, 1]


def test_the_glyph_head_goes_along_with_the_weights_of_a_run(tmp_path: Path) -> None:
    run(tmp_path / "a", 8 * 12)
    run(tmp_path / "b", 8, weights=tmp_path / "a")
    learned = json.loads((tmp_path / "a" / "metrics.jsonl").read_text().splitlines()[-1])
    first = json.loads((tmp_path / "b" / "metrics.jsonl").read_text().splitlines()[0])
    assert first["glyph"] < learned["glyph"] + 0.5


def test_what_is_left_of_a_plan_follows_from_the_pictures_seen() -> None:
    plan = (Stretch("a", 10), Stretch("b", 20), Stretch("b", 5, decay=True))
    assert remaining(plan, None) == list(plan)
    assert remaining(plan, Progress(pictures=15)) == [Stretch("b", 15), Stretch("b", 5, decay=True)]
    assert remaining(plan, Progress(pictures=40)) == []


def test_shipping_copies_a_loadable_model_with_its_record(tmp_path: Path) -> None:
    run(tmp_path / "run", 8)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model-00009-of-00009.safetensors").write_bytes(b"old")
    ship(tmp_path / "run", folder)
    load_model(ModelFolder.open(folder), device=CPU, dtype=torch.bfloat16)
    record = json.loads((folder / "training.json").read_text("utf-8"))
    assert (record["steps"], record["pictures"]) == (1, 8)
    assert record["stretches"][0]["seed"] == 1
    assert not (folder / "model-00009-of-00009.safetensors").exists()
    assert not (folder / "state.safetensors").exists()


def test_a_folder_without_a_run_cannot_be_shipped(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="run_missing"):
        ship(tmp_path, tmp_path / "model")
