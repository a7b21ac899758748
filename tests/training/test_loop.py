"""The loop steps, logs, saves and resumes whatever learns."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kantu.training.loop import LoopSettings, Stretch, resume, train
from kantu.training.progress import Progress, read_progress


@dataclass(frozen=True)
class Lesson:
    pictures: int


class Counter:
    """Learns by adding up its rates."""

    def __init__(self) -> None:
        self.total = torch.zeros(1)
        self.rates: list[float] = []

    def learn(self, batch: Lesson, learning_rate: float) -> Mapping[str, float]:
        self.total += learning_rate
        self.rates.append(learning_rate)
        if batch.pictures < 0:
            raise ValueError("a broken batch")
        return {"loss": 1.0 / len(self.rates)}

    def state(self) -> dict[str, Tensor]:
        return {"total": self.total}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.total = state["total"].clone()

    def write(self, folder: Path) -> None:
        (folder / "model.txt").write_text(str(self.total.item()))


def settings(run: Path, log_steps: int = 1) -> LoopSettings:
    return LoopSettings(run, learning_rate=1.0, warmup_steps=2, log_steps=log_steps)


def lessons(pictures: int = 4) -> Iterator[Lesson]:
    return itertools.repeat(Lesson(pictures))


def test_a_stretch_ends_with_its_pictures_and_warms_up(tmp_path: Path) -> None:
    learner = Counter()
    after = train(learner, lessons(), Stretch("a", 10), settings(tmp_path), Progress(), {"seed": 3})
    assert learner.rates == [0.5, 1.0, 1.0]
    assert (after.step, after.pictures) == (3, 12)
    assert after.history == (
        {"stage": "a", "first_batch": 0, "learning_rate": 1.0, "decay": False, "seed": 3, "pictures": 12},
    )
    assert (tmp_path / "model.txt").read_text() == "2.5"


def test_decay_falls_to_zero_over_the_stretch(tmp_path: Path) -> None:
    learner = Counter()
    train(learner, lessons(), Stretch("a", 16, decay=True), settings(tmp_path), Progress(), {})
    assert learner.rates == [0.5, 0.75, 0.5, 0.25]


def test_figures_are_means_over_the_steps_between_two_lines(tmp_path: Path) -> None:
    train(Counter(), lessons(), Stretch("a", 16), settings(tmp_path, log_steps=2), Progress(), {})
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in lines] == [0.75, pytest.approx((1 / 3 + 1 / 4) / 2, abs=1e-5)]
    assert [line["pictures"] for line in lines] == [8, 16]


def test_a_run_that_breaks_is_saved_and_gone_on_with(tmp_path: Path) -> None:
    broken = itertools.chain([Lesson(4), Lesson(4)], [Lesson(-1)])
    with pytest.raises(ValueError, match="broken"):
        train(Counter(), broken, Stretch("a", 100), settings(tmp_path), Progress(), {})
    learner = Counter()
    found = resume(learner, tmp_path)
    assert found == read_progress(tmp_path)
    assert found is not None
    assert (found.step, found.pictures) == (2, 8)
    assert learner.total.item() == 2.5  # the broken step had been made
    after = train(learner, lessons(), Stretch("b", 4), settings(tmp_path), found, {})
    assert (after.step, after.pictures, [stretch["stage"] for stretch in after.history]) == (3, 12, ["a", "b"])


def test_where_nothing_has_begun_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert resume(Counter(), tmp_path) is None
