"""A run of a batch: every input once, errors as rows, and no model where nothing is left to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kantu.batch.run import Done, Progress, Subject, run
from kantu.errors import CancelledError, InvalidRequestError
from kantu.json_lines import read_lines
from kantu.tasks.builtin import ASK, MATCH, ORDER
from kantu.tasks.task import Task
from tests.batch.fakes import FakeModel, pictures


def do(
    model: FakeModel | None, source: Path, out: Path, task: Task = ORDER, subject: Subject | None = None, **how: Any
) -> Done:
    """One run; without a model nothing may be asked."""

    def connect(_: Subject) -> FakeModel:
        assert model is not None
        return model

    return run(task, source, out, subject or Subject(), connect=connect, **how)


def rows(path: Path) -> dict[str, dict[str, Any]]:
    """The rows of a file of results by their place, each of which is there once."""
    held = [line.value for line in read_lines(path)]
    by_place = {row["place"]: row for row in held}
    assert len(by_place) == len(held)
    return by_place


def test_every_picture_has_one_row(tmp_path: Path) -> None:
    model = FakeModel()
    done = do(model, pictures(tmp_path / "in", 20), tmp_path / "r.jsonl", parallel=3)
    assert (done.total, done.failed, done.skipped) == (20, 0, 0)
    assert len(model.asked) == 20
    assert model.most <= 3
    found = rows(tmp_path / "r.jsonl")
    assert sorted(found) == [f"{number:03}.png" for number in range(20)]
    assert all(row["result"]["result"] == place for place, row in found.items())


def test_a_run_that_broke_off_goes_on(tmp_path: Path) -> None:
    source, out = pictures(tmp_path / "in", 10), tmp_path / "r.jsonl"
    with pytest.raises(CancelledError):
        do(FakeModel(dies_at=4), source, out)
    assert len(rows(out)) == 4
    second = FakeModel()
    do(second, source, out)
    assert len(second.asked) == 6
    assert len(rows(out)) == 10
    do(None, source, out)


def test_what_is_wrong_with_a_row_is_a_row(tmp_path: Path) -> None:
    source, out = pictures(tmp_path / "in", 5), tmp_path / "r.jsonl"
    done = do(FakeModel(broken=("002.png",)), source, out)
    assert (done.total, done.failed) == (5, 1)
    assert rows(out)["002.png"]["error"]["code"] == "image_damaged"
    assert do(None, source, out).failed == 1  # it is not tried again by itself
    again = FakeModel()
    assert do(again, source, out, retry_failed=True).failed == 0
    assert [names for names, _ in again.asked] == [["002.png"]]
    assert len(rows(out)) == 5


def test_new_pictures_are_added(tmp_path: Path) -> None:
    source, out = pictures(tmp_path / "in", 3), tmp_path / "r.jsonl"
    do(FakeModel(), source, out)
    pictures(source, 5)
    model = FakeModel()
    assert do(model, source, out).total == 5
    assert [names for names, _ in model.asked] == [["003.png"], ["004.png"]]


def test_a_picture_that_has_changed_is_no_old_result(tmp_path: Path) -> None:
    source, out = pictures(tmp_path / "in", 3), tmp_path / "r.jsonl"
    do(FakeModel(), source, out)
    (source / "001.png").write_bytes((source / "002.png").read_bytes())
    with pytest.raises(InvalidRequestError) as caught:
        do(None, source, out)
    assert caught.value.code == "batch_other_inputs"
    model = FakeModel()
    do(model, source, out, fresh=True)
    assert len(model.asked) == 3


def test_columns_are_the_variables_of_the_task(tmp_path: Path) -> None:
    pictures(tmp_path, 2)
    source, out = tmp_path / "in.jsonl", tmp_path / "r.jsonl"
    values: list[dict[str, Any]] = [
        {"image": "000.png", "text": "一", "编号": 7},
        {"images": ["000.png", "001.png"], "text": 2.5},
        {"image": "001.png"},
        {"image": "001.png", "text": ["一"]},
    ]
    source.write_text("\n".join(map(json.dumps, values)))
    model = FakeModel()
    assert do(model, source, out, MATCH).failed == 2
    assert model.asked == [(["000.png"], {"text": "一"}), (["000.png", "001.png"], {"text": "2.5"})]
    found = rows(out)
    assert found["1"]["input"] == values[0]
    assert found["3"]["error"]["code"] == "task_variables"
    assert found["4"]["error"]["code"] == "batch_row_invalid"


def test_a_row_without_an_answer_is_counted_in_every_run(tmp_path: Path) -> None:
    source, out = pictures(tmp_path / "in", 3), tmp_path / "r.jsonl"
    asked = Subject(settings={"question": "它是什么？"})
    done = do(FakeModel(vague=("001.png",)), source, out, ASK, asked)
    assert (done.total, done.failed, done.unanswered) == (3, 0, 1)
    assert do(None, source, out, ASK, asked).unanswered == 1


def test_settings_are_for_rows_that_say_nothing(tmp_path: Path) -> None:
    pictures(tmp_path, 2)
    (tmp_path / "in.csv").write_text("image,question\n000.png,几件？\n001.png,\n", "utf-8-sig")
    model = FakeModel()
    do(model, tmp_path / "in.csv", tmp_path / "r.jsonl", ASK, Subject(settings={"question": "多少钱？"}))
    assert [given["question"] for _, given in model.asked] == ["几件？", "多少钱？"]
    with pytest.raises(InvalidRequestError) as caught:
        do(None, tmp_path / "in.csv", tmp_path / "r.jsonl", ASK, Subject(settings={"question": "几点？"}))
    assert caught.value.code == "batch_other_run"
    assert "--set question 与这次不同" in caught.value.message


def test_variables_that_nobody_gives_are_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        do(None, pictures(tmp_path / "in", 1), tmp_path / "r.jsonl", ASK)
    assert caught.value.code == "batch_variables_missing"
    assert "--set question=" in caught.value.message
    with pytest.raises(InvalidRequestError) as caught:
        do(None, tmp_path / "in", tmp_path / "r.jsonl", ORDER, Subject(settings={"text": "一"}))
    assert caught.value.code == "batch_variable_unknown"
    assert not (tmp_path / "r.jsonl").exists()


def test_a_table_stands_beside_the_results_and_is_made_without_the_model(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", 3)
    do(FakeModel(), source, tmp_path / "r.csv", parallel=3)
    text = (tmp_path / "r.csv").read_text("utf-8-sig")
    assert [line.split(",")[:2] for line in text.splitlines()] == [
        ["image", "结果"],
        *([f"{number:03}.png"] * 2 for number in range(3)),  # in the order of the inputs
    ]
    done = do(None, source, tmp_path / "r.xlsx")
    assert done.results == tmp_path / "r.jsonl"
    assert (tmp_path / "r.xlsx").exists()


def test_nothing_of_the_users_is_written_over(tmp_path: Path) -> None:
    source = pictures(tmp_path / "in", 1)
    table, lines = tmp_path / "a.csv", tmp_path / "b.jsonl"
    table.write_text("image\nin/000.png\n")
    lines.write_text('{"image": "in/000.png"}\n')
    for given, out, code in (
        (table, table, "batch_output_is_input"),
        (lines, lines, "batch_output_is_input"),
        (lines, tmp_path / "b.xlsx", "batch_output_is_input"),  # its results would be b.jsonl
        (source, table, "batch_output_exists"),
        (source, lines, "batch_results_invalid"),
        (source, tmp_path / "r.json", "batch_output_unknown"),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            do(None, given, out)
        assert caught.value.code == code
    assert table.read_text() == "image\nin/000.png\n"
    assert lines.read_text() == '{"image": "in/000.png"}\n'


@pytest.mark.parametrize(("name", "code"), [("gone", "batch_input_unknown"), ("empty", "batch_input_empty")])
def test_nothing_to_do_is_told(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequestError) as caught:
        do(None, tmp_path / name, tmp_path / "r.jsonl")
    assert caught.value.code == code


def test_progress_is_told(tmp_path: Path) -> None:
    source, out = pictures(tmp_path / "in", 3), tmp_path / "r.jsonl"
    found: list[int] = []
    done: list[tuple[int, int, int]] = []
    progress = Progress(found.append, lambda *counts: done.append(counts))
    do(FakeModel(broken=("001.png",)), source, out, progress=progress)
    assert found == [1, 2, 3]
    assert done == [(0, 3, 0), (1, 3, 0), (2, 3, 1), (3, 3, 1)]
