"""The network learns from pictures; a run is stopped, gone on with, and shipped."""

from __future__ import annotations

import json
from dataclasses import dataclass
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


def run(folder: Path, pictures: int, weights: Path | None = None, *, frozen_eye: bool = False) -> Progress:
    return train(
        [Stretch("test", pictures)],
        STAGES,
        {"blocks": draw},
        LoopSettings(folder, warmup_steps=2, log_steps=1),
        weights=weights,
        device=CPU,
        workers=0,
        frozen_eye=frozen_eye,
    )


@dataclass(frozen=True)
class Learnt:
    """A run that was stopped after one step and went on to its end."""

    folder: Path
    stopped: Progress | None
    ended: Progress


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    """Tests only read it: a step of the real network takes seconds."""
    folder = tmp_path_factory.mktemp("run")
    run(folder, 8)
    stopped = read_progress(folder)
    assert any(name.startswith("momentum_buffer/") for name in load_file(folder / "state.safetensors"))
    return Learnt(folder, stopped, run(folder, 8 * 6))


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(row) for row in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_learns_and_logs(learnt: Learnt) -> None:
    records = logged(learnt.folder)
    assert len(records) == 7
    assert records[-1]["lm"] < records[0]["lm"] - 1
    assert records[-1]["glyph"] < records[0]["glyph"] - 1
    assert plot_run(learnt.folder).stat().st_size > 10_000


def test_a_stopped_run_goes_on_where_it_stood(learnt: Learnt) -> None:
    assert learnt.stopped is not None
    assert (learnt.stopped.step, learnt.stopped.pictures) == (1, 8)
    assert (learnt.ended.step, learnt.ended.pictures) == (7, 56)
    assert [stretch["first_batch"] for stretch in learnt.ended.history] == [0, 1]


def test_shipped_weights_alone_are_enough_to_go_on(learnt: Learnt, tmp_path: Path) -> None:
    ship(learnt.folder, tmp_path / "shipped")
    assert not (tmp_path / "shipped" / "glyph-head.safetensors").exists()
    after = run(tmp_path / "b", 8, weights=tmp_path / "shipped")
    assert (after.step, after.pictures) == (8, 64)
    assert [stretch["first_batch"] for stretch in after.history] == [0, 1, 7]


def test_the_glyph_head_goes_along_with_the_weights_of_a_run(learnt: Learnt, tmp_path: Path) -> None:
    run(tmp_path, 8, weights=learnt.folder)
    assert logged(tmp_path)[0]["glyph"] < logged(learnt.folder)[-1]["glyph"] + 0.5


def test_a_frozen_eye_stays_as_it_is_while_the_decoder_learns(learnt: Learnt, tmp_path: Path) -> None:
    after = run(tmp_path, 16, weights=learnt.folder, frozen_eye=True)
    assert after.history[-1]["frozen_eye"]
    assert {"lm", "answer_accuracy"} <= logged(tmp_path)[0].keys()
    assert "glyph" not in logged(tmp_path)[0]
    before, now = (load_model(ModelFolder.open(f), device=CPU, dtype=torch.float32) for f in (learnt.folder, tmp_path))
    changed = {name for name, tensor in now.state_dict().items() if not torch.equal(tensor, before.state_dict()[name])}
    assert changed
    assert all(name.startswith("language_model.") for name in changed)


def test_what_is_left_of_a_plan_follows_from_the_pictures_seen() -> None:
    plan = (Stretch("a", 10), Stretch("b", 20), Stretch("b", 5, decay=True))
    assert remaining(plan, None) == list(plan)
    assert remaining(plan, Progress(pictures=15)) == [Stretch("b", 15), Stretch("b", 5, decay=True)]
    assert remaining(plan, Progress(pictures=40)) == []


def test_shipping_copies_a_loadable_model_with_its_record(learnt: Learnt, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model-00009-of-00009.safetensors").write_bytes(b"old")
    ship(learnt.folder, folder)
    load_model(ModelFolder.open(folder), device=CPU, dtype=torch.bfloat16)
    record = json.loads((folder / "training.json").read_text("utf-8"))
    assert (record["steps"], record["pictures"]) == (7, 56)
    assert record["stretches"][0]["seed"] == 1
    assert not (folder / "model-00009-of-00009.safetensors").exists()
    assert not (folder / "state.safetensors").exists()


def test_a_folder_without_a_run_cannot_be_shipped(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="run_missing"):
        ship(tmp_path, tmp_path / "model")
