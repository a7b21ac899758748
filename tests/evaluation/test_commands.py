"""`kantu eval` from the command line: tables, files, comparison, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.evaluation.report.markdown import BEGIN
from kantu.evaluation.results import Answer, ResultFile, read_results
from tests.evaluation.asked import png


def eval_(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", *arguments], catch_exceptions=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return written(tmp_path, 8)


def written(tmp_path: Path, questions: int) -> Path:
    """Three pictures, each asked some questions, to which the answers never come."""
    folder = tmp_path / "toy"
    folder.mkdir()
    lines = []
    for number in range(3):
        (folder / f"{number}.png").write_bytes(png())
        asked = [{"kind": "price", "question": f"第{q}个多少钱", "answer": "不会有人答这个"} for q in range(questions)]
        lines.append(json.dumps({"file": f"{number}.png", "questions": asked}))
    (folder / "truth.jsonl").write_text("\n".join(lines))
    return folder


def test_it_prints_the_table_and_writes_results_report_and_page(tiny_folder: Path, tmp_path: Path) -> None:
    suite = written(tmp_path, 2)
    results, report, page = tmp_path / "r.jsonl", tmp_path / "r.html", tmp_path / "r.md"
    told = eval_(
        *(str(suite), "--model", str(tiny_folder), "--device", "cpu", "--pictures", "1"),
        *("--json", str(results), "--html", str(report), "--markdown", str(page)),
    )
    assert told.exit_code == 0
    assert "价格 price" in told.stdout
    assert "0.0" in told.stdout
    assert len(read_results(results).answers) == 2
    assert "<!doctype html>" in report.read_text("utf-8")
    assert "| 价格 price |" in page.read_text("utf-8").replace("|  | ", "| ")
    # More pictures: only the others are asked, into the same file.
    eval_(str(suite), "--model", str(tiny_folder), "--device", "cpu", "--json", str(results))
    assert [session.answered for session in read_results(results).sessions] == [2, 4]


def test_the_gate_lets_pass_what_is_as_good_and_stops_what_became_worse(
    suite: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    results, better = tmp_path / "r.jsonl", tmp_path / "better.jsonl"
    arguments = (str(suite), "--model", str(tiny_folder), "--device", "cpu", "--json", str(results))
    assert eval_(*arguments).exit_code == 0
    assert eval_(*arguments, "--gate", str(results)).exit_code == 0

    found = read_results(results)
    with ResultFile.open(better, found.run) as file:
        for answer in found.answers.values():
            file.add(Answer(**{**vars(answer), "score": 1.0}))
    told = eval_(*arguments, "--gate", str(better))
    assert told.exit_code == 1
    assert "变差" in told.stdout
    assert eval_(*arguments, "--gate", str(better), "--margin", "100").exit_code == 0
    told = eval_(*arguments, "--against", str(better))  # it tells, and stops nothing
    assert told.exit_code == 0
    assert "确实变差" in told.stdout


def test_a_result_file_that_is_none_is_told_before_anything_is_asked(suite: Path, tmp_path: Path) -> None:
    told = eval_(str(suite), "--model", "http://127.0.0.1:1/v1", "--against", str(tmp_path / "gone.jsonl"))
    assert told.exit_code == 2
    assert "[results_invalid]" in told.stderr


def test_reports_that_can_not_be_written_are_told_before_anything_is_asked(suite: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"手写的 {BEGIN}", "utf-8")
    for option, path, code in (
        ("--html", tmp_path / "gone" / "r.html", "output_unwritable"),
        ("--markdown", tmp_path / "gone" / "r.md", "output_unwritable"),
        ("--markdown", page, "markers_missing"),
    ):
        told = eval_(str(suite), "--model", "http://127.0.0.1:1/v1", option, str(path))
        assert told.exit_code == 2
        assert f"[{code}]" in told.stderr
