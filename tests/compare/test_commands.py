"""The command asks for a comparison and writes what comes of it wherever it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kantu.cli import app
from kantu.compare.price import Prices
from kantu.compare.report.markdown import BEGIN
from kantu.compare.run import Done, Plan
from tests.compare.made import comparison, pairs
from tests.evaluation.asked import item


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What is asked for, with whom; the comparison is made up."""
    asked: list[Plan] = []

    def run(plan: Plan, ours: str, theirs: str, track: Any) -> Done:
        asked.append(plan)
        assert (ours, theirs) == ("ours of None", "theirs of http://127.0.0.1:1/v1#text")
        found = pairs()
        items = {each.ours.key: item(each.ours.question, picture=each.ours.pictures[0]) for each in found}
        return Done(comparison(found), items, Path("j.jsonl"))

    monkeypatch.setattr("kantu.compare.run.run", run)
    monkeypatch.setattr("kantu.compare.makers.kantu_maker", lambda model: f"ours of {model}")
    monkeypatch.setattr("kantu.compare.pipeline_maker.pipeline_maker", lambda model: f"theirs of {model}")
    return asked


def test_one_run_is_told_everywhere(plans: list[Plan], tmp_path: Path) -> None:
    files = {name: tmp_path / f"c.{name}" for name in ("json", "html", "markdown")}
    told = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    endpoint = ["--pipeline-endpoint", "http://127.0.0.1:1/v1#text"]
    done = CliRunner().invoke(app, ["compare", *endpoint, "--full", "--price", "hour=1.5", *told])
    assert done.exit_code == 0
    assert plans == [Plan("everyday", True, Prices(hour=1.5))]
    assert "拼接流水线" in done.stdout
    assert "进度：j.jsonl" in done.stderr
    assert json.loads(files["json"].read_text("utf-8"))["pictures"] == 40
    assert "<article>" in files["html"].read_text("utf-8")
    assert files["markdown"].read_text("utf-8").startswith(BEGIN)


def test_a_price_that_is_none_is_said_before_anything_is_asked(plans: list[Plan]) -> None:
    done = CliRunner().invoke(app, ["compare", "--price", "input"])
    assert done.exit_code != 0
    assert "invalid_price" in done.stderr
    assert plans == []


def test_a_report_that_can_not_be_written_is_said_before_anything_is_asked(plans: list[Plan], tmp_path: Path) -> None:
    for option in ("--json", "--html", "--markdown"):
        done = CliRunner().invoke(app, ["compare", option, str(tmp_path / "gone" / "c")])
        assert done.exit_code == 2
        assert "output_unwritable" in done.stderr
    assert plans == []
