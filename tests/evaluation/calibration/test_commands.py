"""`kantu calibrate` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.model.folder import ModelFolder
from kantu.solve.calibration import Calibration
from tests.evaluation.asked import png

pytestmark = pytest.mark.whole


def calibrate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calibrate", *arguments], catch_exceptions=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    folder.mkdir()
    lines = []
    for number in range(6):
        (folder / f"{number}.png").write_bytes(png(f"#{number}0{number}0{number}0"))
        asked = [{"kind": "price", "question": f"第{q}个多少钱", "answer": "不会有人答这个"} for q in range(2)]
        lines.append(json.dumps({"file": f"{number}.png", "questions": asked}))
    (folder / "truth.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def model(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def rounded(samples: Path) -> list[Any]:
    """The lines of a file of samples; which questions share a batch changes the last digits of probabilities."""
    lines = samples.read_text("utf-8").splitlines()
    return [json.loads(line, parse_float=lambda text: round(float(text), 6)) for line in lines]


def test_it_fits_tests_and_writes_into_the_models_folder(suite: Path, model: Path, tmp_path: Path) -> None:
    samples, out = tmp_path / "s.jsonl", tmp_path / "c.json"
    arguments = (str(suite), "--model", str(model), "--device", "cpu", "--samples", str(samples))
    told = calibrate(*arguments, "--out", str(out), "--write", "--let-through", "0.1")
    assert told.exit_code == 0
    assert "没有用来拟合的图片：期望校准误差" in told.stdout
    assert "浏览器" not in told.stdout
    assert len(samples.read_text("utf-8").splitlines()) == 1 + 12
    found = Calibration.from_folder(ModelFolder.open(model))
    assert found.calibrated
    assert found.let_through == 0.1
    assert found.confidence("ask", 0.9) < 0.9  # it was never right
    assert found.to_json() == out.read_text("utf-8")
    # What is calibrated already is asked for its own probabilities again.
    before = rounded(samples)
    samples.unlink()
    assert calibrate(*arguments).exit_code == 0
    assert rounded(samples) == before


def test_a_suite_without_tasks_is_refused(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    asked = [{"kind": "task", "question": "随便说说", "answer": "{}", "task": "chart"}]
    (folder / "0.png").write_bytes(png())
    (folder / "truth.jsonl").write_text(json.dumps({"file": "0.png", "questions": asked}))
    told = calibrate(str(folder), "--model", str(model), "--samples", str(tmp_path / "s.jsonl"))
    assert told.exit_code != 0
    assert "没有可以用来校准的题" in told.stderr
