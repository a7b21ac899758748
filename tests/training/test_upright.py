"""The recipe of the networks that look at strokes: what they are shown, what they learn, and what is computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kantu.processing.quality.lines import HEIGHT, WIDTH
from kantu.processing.quality.network import compute, normalized
from kantu.processing.quality.patches import SIDE
from kantu.training import upright
from kantu.training.upright import FIRST_SEED, Labelled, StrokeNetwork, fit_lines, fit_patches, labelled


@pytest.fixture(scope="module")
def data() -> Labelled:
    parts = [labelled(FIRST_SEED + number) for number in range(12)]
    return Labelled(*(np.concatenate([getattr(part, name) for part in parts]) for name in Labelled.__annotations__))


def test_pages_give_patches_that_are_text_or_not_and_lines(data: Labelled) -> None:
    assert data.patches.shape[1:] == (SIDE, SIDE)
    assert len(data.patches) == len(data.text)
    assert 0.2 < data.text.mean() < 0.9
    assert data.lines.shape[1:] == (HEIGHT, WIDTH)
    assert len(data.lines) > 200


def test_a_page_gives_the_same_every_time() -> None:
    first, again = labelled(FIRST_SEED + 3), labelled(FIRST_SEED + 3)
    assert (first.patches == again.patches).all()
    assert (first.lines == again.lines).all()


@pytest.mark.parametrize(("height", "width", "outputs"), [(SIDE, SIDE, 3), (HEIGHT, WIDTH, 1)])
def test_what_is_saved_computes_what_was_learnt(height: int, width: int, outputs: int, tmp_path: Path) -> None:
    torch.manual_seed(5)
    learnt = StrokeNetwork(height, width, (6, 8), outputs)
    learnt.save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as stored:
        weights = {name: stored[name].astype(np.float32) for name in stored.files}
    images = normalized(np.random.default_rng(1).integers(0, 256, (300, height, width), dtype=np.uint8))
    with torch.no_grad():
        expected = learnt(torch.from_numpy(images)[:, None]).numpy()
    assert np.allclose(compute(weights, images), expected, atol=5e-3)


def test_one_learns_what_is_text(data: Labelled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upright, "_BATCH", 64)
    learnt = fit_patches(data.patches, data.text, 10, report=lambda _: None)
    with torch.no_grad():
        outputs = learnt(torch.from_numpy(normalized(data.patches))[:, None])
    is_text = outputs.argmax(1).numpy() != 2
    assert (is_text == data.text).mean() > max(data.text.mean(), 1 - data.text.mean()) + 0.05


def test_one_learns_which_way_up_lines_stand(data: Labelled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upright, "_BATCH", 64)
    learnt = fit_lines(data.lines, 20, report=lambda _: None)
    with torch.no_grad():
        outputs = learnt(torch.from_numpy(normalized(data.lines))[:, None])
    assert (outputs[:, 0] < 0).float().mean() > 0.6
