"""`kantu calibrate` from the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.evaluation.calibration.samples import is_to_fit
from kantu.model.folder import ModelFolder
from kantu.solve.calibration import FILE, Calibration
from tests.evaluation.asked import png

pytestmark = pytest.mark.whole


def calibrate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calibrate", *arguments], catch_exceptions=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return written(tmp_path / "toy", [png(f"#{number}0{number}0{number}0") for number in range(6)])


def written(folder: Path, pictures: Sequence[bytes]) -> Path:
    """Each asked twice, to which the answers never come."""
    folder.mkdir()
    lines = []
    for number, picture in enumerate(pictures):
        (folder / f"{number}.png").write_bytes(picture)
        asked = [{"kind": "price", "question": f"第{q}个多少钱", "answer": "不会有人答这个"} for q in range(2)]
        lines.append(json.dumps({"file": f"{number}.png", "questions": asked}))
    (folder / "truth.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def model(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def rounded(samples: Path) -> list[Any]:
    """The lines of a file of samples; which questions share a batch changes their order and the last digits of
    probabilities."""
    about, *lines = samples.read_text("utf-8").splitlines()
    judged = [json.loads(line, parse_float=lambda text: round(float(text), 6)) for line in lines]
    return [json.loads(about), *sorted(judged, key=lambda line: line["key"])]


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


def test_it_stands_even_where_no_picture_is_left_to_plot(model: Path, tmp_path: Path) -> None:
    drawn = (png(f"#{number:06x}") for number in range(100))
    pictures = [picture for picture in drawn if is_to_fit(hashlib.sha256(picture).hexdigest())][:3]
    suite, out, plot = written(tmp_path / "toy", pictures), tmp_path / "c.json", tmp_path / "p.svg"
    told = calibrate(
        *(str(suite), "--model", str(model), "--device", "cpu", "--samples", str(tmp_path / "s.jsonl")),
        *("--out", str(out), "--plot", str(plot)),
    )
    assert told.exit_code == 0
    assert f"没有画 {plot}" in told.stderr
    assert out.exists()
    assert not plot.exists()


def test_what_can_not_be_written_is_said_before_anything_is_asked(suite: Path, model: Path, tmp_path: Path) -> None:
    (model / FILE).mkdir()  # stands where the file would
    samples = tmp_path / "s.jsonl"
    for arguments, code in (
        (("--out", str(tmp_path / "gone" / "c.json")), "output_unwritable"),
        (("--write",), "output_unwritable"),
        (("--plot", str(tmp_path / "gone" / "p.svg")), "output_unwritable"),
        (("--plot", str(tmp_path / "p.doc")), "unknown_image_format"),
    ):
        told = calibrate(str(suite), "--model", str(model), "--samples", str(samples), *arguments)
        assert told.exit_code == 2
        assert f"[{code}]" in told.stderr
        assert not samples.exists()


def test_a_suite_without_tasks_is_refused(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    asked = [{"kind": "task", "question": "随便说说", "answer": "{}", "task": "chart"}]
    (folder / "0.png").write_bytes(png())
    (folder / "truth.jsonl").write_text(json.dumps({"file": "0.png", "questions": asked}))
    told = calibrate(str(folder), "--model", str(model), "--samples", str(tmp_path / "s.jsonl"))
    assert told.exit_code != 0
    assert "没有可以用来校准的题" in told.stderr
