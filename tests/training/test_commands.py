"""`kantu train` hands training what was asked for, and refuses to begin a run twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kantu.errors import InvalidRequestError
from kantu.hub import locate
from kantu.model.checkpoint import check_tensors, stored_shapes
from kantu.model.folder import ModelFolder
from kantu.training.commands import app
from kantu.training.loop import Stretch
from kantu.training.mini_text import train as mini_text_train
from kantu.training.mini_text.recipe import PLAN, STAGES
from kantu.training.progress import Progress, write_progress
from tests.tiny_checkpoint import write_tiny_checkpoint


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What training was called with."""
    calls: list[dict[str, Any]] = []

    def train(stretches: Any, stages: Any, draws: Any, errors: Any, settings: Any, **rest: Any) -> None:
        calls.append({"stretches": list(stretches), "stages": stages, "settings": settings, "errors": errors, **rest})

    monkeypatch.setattr(mini_text_train, "train", train)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    return calls


def run(*arguments: str) -> BaseException | None:
    return CliRunner().invoke(app, ["mini-text", *arguments]).exception


def test_a_fresh_run_follows_the_recipe_from_the_decoder_of_kantu_mini(
    trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert run("--run", str(tmp_path)) is None
    (call,) = trained
    assert call["stretches"] == list(PLAN)
    assert call["weights"] == locate(None)
    assert call["errors"].pages > 0


def test_without_opencv_it_says_what_to_install() -> None:
    script = """
import sys
sys.modules["cv2"] = None  # as if it were not installed
from kantu.cli import main
sys.argv[1:] = ["train", "mini-text"]
main()
"""
    told = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert told.returncode == 1
    assert "[pipeline]" in told.stderr
    assert "Traceback" not in told.stderr


def test_what_is_left_of_the_recipe_is_trained_when_a_run_goes_on(
    trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    write_progress(tmp_path, Progress(step=1, pictures=PLAN[0].pictures - 7))
    assert run("--run", str(tmp_path), "--resume") is None
    assert trained[0]["stretches"] == [Stretch(PLAN[0].stage, 7, decay=True)]


def test_a_stretch_of_ones_own(trained: list[dict[str, Any]], tmp_path: Path) -> None:
    assert run("--run", str(tmp_path), "--pictures", "12", "--no-decay", "--learning-rate", "1e-3") is None
    assert trained[0]["stretches"] == [Stretch(PLAN[0].stage, 12, decay=False)]
    assert trained[0]["settings"].learning_rate == 1e-3


def test_batches_of_a_gpu_may_be_larger_than_the_recipe_says(trained: list[dict[str, Any]], tmp_path: Path) -> None:
    assert run("--run", str(tmp_path), "--batch-times", "4") is None
    assert {name: stage.patches for name, stage in trained[0]["stages"].items()} == {
        name: 4 * stage.patches for name, stage in STAGES.items()
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), "frozen_eye_untaught"),
        (("--weights", "a", "--stage", "glyphs", "--pictures", "9"), "frozen_eye_learns_nothing"),
    ],
    ids=["no weights", "vision only"],
)
def test_a_frozen_eye_has_learned_and_leaves_something_to_learn(
    arguments: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    asked = ["mini", "--run", str(tmp_path / "run"), "--frozen-eye", *arguments]
    failure = CliRunner().invoke(app, asked).exception
    assert isinstance(failure, InvalidRequestError)
    assert failure.code == code


def test_a_run_is_neither_begun_twice_nor_gone_on_with_where_there_is_none(
    trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    missing = run("--run", str(tmp_path), "--resume")
    write_progress(tmp_path, Progress(step=1, pictures=8))
    begun = run("--run", str(tmp_path))
    for failure, code in ((missing, "run_missing"), (begun, "run_exists")):
        assert isinstance(failure, InvalidRequestError)
        assert code in str(failure)
    assert not trained


def test_what_is_shipped_as_fp8_is_a_folder_that_loads(tmp_path: Path) -> None:
    run, folder = write_tiny_checkpoint(tmp_path / "run", shards=2), tmp_path / "shipped"
    write_progress(run, Progress(step=1, pictures=7))
    assert CliRunner().invoke(app, ["ship", str(folder), "--run", str(run), "--fp8"]).exception is None
    shipped = ModelFolder.open(folder)
    check_tensors(shipped, stored_shapes(shipped))
    assert shipped.fp8_block == (128, 128)
