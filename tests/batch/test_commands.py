"""`kantu batch` from the command line, on a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from tests.batch.fakes import pictures

_TASK = """\
name: colour
title: 颜色
instruction: 图是什么颜色？留意{{留意}}
fields:
  颜色: {choices: [黑, 白]}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """KANTU_HOME with a task of the user's own, and three pictures in `in`."""
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "colour.yaml").write_text(_TASK, "utf-8")
    pictures(tmp_path / "in", 3)
    return tmp_path


def batch(home: Path, model: Path, *arguments: str) -> Result:
    common = ("--model", str(model), "--device", "cpu", "--out", str(home / "r.jsonl"))
    return CliRunner().invoke(app, ["batch", *arguments, *common], catch_exceptions=False)


def test_a_task_of_the_users_own_runs_over_a_folder(home: Path, tiny_folder: Path) -> None:
    told = batch(home, tiny_folder, "colour", str(home / "in"), "--set", "留意=边角=四边")
    assert told.exit_code == 0
    assert told.stdout == f"{home / 'r.jsonl'}\n"
    assert "共 3 行，出错 0 行" in told.stderr
    rows = [json.loads(line) for line in (home / "r.jsonl").read_text("utf-8").splitlines()]
    assert {row["run"]["task"] for row in rows} == {"colour"}
    assert {row["run"]["model"] for row in rows} == {tiny_folder.name}


def test_rows_without_an_answer_are_told(home: Path, tiny_folder: Path) -> None:
    told = batch(home, tiny_folder, "ask", str(home / "in"), "--set", "question=它是什么？")
    assert "共 3 行，出错 0 行，没有作答 3 行" in told.stderr
    assert "--force --fresh" in told.stderr
    rows = [json.loads(line) for line in (home / "r.jsonl").read_text("utf-8").splitlines()]
    assert all(row["result"]["review"]["needed"] for row in rows)


def test_a_row_that_fails_ends_it_with_status_1_and_is_tried_again(home: Path, tiny_folder: Path) -> None:
    whole = (home / "in" / "001.png").read_bytes()
    (home / "in" / "001.png").write_bytes(whole[:40])
    task = str(home / "tasks" / "colour.yaml")
    told = batch(home, tiny_folder, task, str(home / "in"), "--set", "留意=无")
    assert told.exit_code == 1
    assert "出错 1 行" in told.stderr
    assert "--retry-failed" in told.stderr
    (home / "in" / "001.png").write_bytes(whole)
    told = batch(home, tiny_folder, task, str(home / "in"), "--set", "留意=无", "--retry-failed")
    assert told.exit_code == 0
    assert len((home / "r.jsonl").read_text("utf-8").splitlines()) == 3


def test_a_changed_task_is_refused_unless_it_begins_anew(home: Path, tiny_folder: Path) -> None:
    arguments = ("colour", str(home / "in"), "--set", "留意=无")
    assert batch(home, tiny_folder, *arguments).exit_code == 0
    (home / "tasks" / "colour.yaml").write_text(_TASK.replace("黑, 白", "黑, 白, 红"), "utf-8")
    told = batch(home, tiny_folder, *arguments)
    assert told.exit_code == 2
    assert "[batch_other_run]" in told.stderr
    assert batch(home, tiny_folder, *arguments, "--fresh").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["dance", "in"], "task_not_found"),
        (["gone.yaml", "in"], "task_invalid"),
        (["colour", "in", "--set", "留意"], "batch_setting_invalid"),
        (["colour", "in"], "batch_variables_missing"),
        (["order", "gone"], "batch_input_unknown"),
    ],
)
def test_what_is_wrong_is_said(home: Path, tiny_folder: Path, arguments: list[str], code: str) -> None:
    task, source, *more = arguments
    told = batch(home, tiny_folder, task, str(home / source), *more)
    assert told.exit_code in (1, 2)
    assert f"[{code}]" in told.stderr
    assert not (home / "r.jsonl").exists()
