"""The file of results: whole whatever happens, and never of two minds about what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kantu.batch.inputs import Row
from kantu.batch.results import ResultFile, Run
from kantu.errors import InvalidRequestError, error
from kantu.json_lines import read_lines
from tests.batch.fakes import result

RUN = Run("order", "1", "kantu-mini", "abc", "bfloat16")
KEYS = {"k1": None, "k2": None, "k3": None}


def row(number: int) -> Row:
    return Row(f"{number}.png", {"image": f"{number}.png"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two results and a failure."""
    path = tmp_path / "r.jsonl"
    with ResultFile.open(path, RUN, KEYS) as file:
        file.add("k1", row(1), result("一"))
        file.add("k3", row(3), error("image_damaged"))
        file.add("k2", row(2), result("二"))
    return path


def keys(path: Path) -> list[str]:
    return [line.value["key"] for line in read_lines(path)]


def test_a_line_says_everything_about_its_row(path: Path) -> None:
    first, failed, _ = (line.value for line in read_lines(path))
    assert first["input"] == {"image": "1.png"}
    assert first["result"]["result"] == "一"
    assert first["error"] is None
    assert first["run"]["model"] == "kantu-mini"
    assert failed["result"] is None
    assert failed["error"]["code"] == "image_damaged"
    assert failed["error"]["message"]


def test_it_goes_on_where_it_ended(path: Path) -> None:
    with ResultFile.open(path, RUN, KEYS) as file:
        assert file.starts.keys() == KEYS.keys()
        assert file.failed == {"k3"}
        assert [line["key"] for line in file.lines(KEYS)] == ["k1", "k2", "k3"]  # in the order of the inputs


def test_half_a_line_of_a_killed_run_is_done_again(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])
    with ResultFile.open(path, RUN, KEYS) as file:
        assert file.starts.keys() == {"k1", "k3"}
        file.add("k2", row(2), result("二"))
    assert keys(path) == ["k1", "k3", "k2"]


def test_failures_are_tried_again_where_that_is_wanted(path: Path) -> None:
    with ResultFile.open(path, RUN, KEYS, retry_failed=True) as file:
        assert file.starts.keys() == {"k1", "k2"}
        file.add("k3", row(3), result("三"))
        assert [line["result"]["result"] for line in file.lines(KEYS)] == ["一", "二", "三"]
    assert keys(path) == ["k1", "k2", "k3"]


def test_the_failure_of_an_input_that_has_changed_is_forgotten(path: Path) -> None:
    with ResultFile.open(path, RUN, {"k1": None, "k2": None, "new": None}) as file:
        assert file.starts.keys() == {"k1", "k2"}


@pytest.mark.parametrize("other", [{"version": "2"}, {"weights": "def"}, {"precision": "int8"}, {"evidence": False}])
def test_another_task_or_model_does_not_go_on(path: Path, other: dict[str, object]) -> None:
    before = path.read_bytes()
    with pytest.raises(InvalidRequestError) as caught:
        ResultFile.open(path, replace(RUN, **other), KEYS)  # type: ignore[arg-type]
    assert caught.value.code == "batch_other_run"
    assert path.read_bytes() == before
    with ResultFile.open(path, replace(RUN, **other), KEYS, fresh=True) as file:  # type: ignore[arg-type]
        assert not file.starts
    assert keys(path) == []


def test_results_of_inputs_that_are_gone_are_not_thrown_away(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(InvalidRequestError) as caught:
        ResultFile.open(path, RUN, {"k2": None})
    assert caught.value.code == "batch_other_inputs"
    assert "1.png" in caught.value.message
    assert path.read_bytes() == before


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("data", [b"no results", b'{"a": 1}\n', b"\x89PNG", b"[]\n"])
def test_another_file_is_left_alone_even_where_it_is_to_begin_anew(tmp_path: Path, data: bytes, fresh: bool) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(data)
    with pytest.raises(InvalidRequestError) as caught:
        ResultFile.open(path, RUN, KEYS, fresh=fresh)
    assert caught.value.code == "batch_results_invalid"
    assert path.read_bytes() == data


@pytest.mark.parametrize("line", [b"x", b'{"key": "1"}', b"[]"])
def test_a_damaged_line_is_told_and_nothing_is_dropped(path: Path, line: bytes) -> None:
    path.write_bytes(path.read_bytes() + line + b"\n")
    before = path.read_bytes()
    with pytest.raises(InvalidRequestError) as caught:
        ResultFile.open(path, RUN, KEYS)
    assert caught.value.code == "batch_results_invalid"
    assert "4" in caught.value.message
    assert path.read_bytes() == before


def test_other_settings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    asked = replace(RUN, settings={"question": "到了吗？", "same": "一"})
    with ResultFile.open(path, asked, {"k1": None}) as file:
        file.add("k1", row(1), result("一"))
    now = replace(asked, settings={"question": "谁签收？", "same": "一"})
    with pytest.raises(InvalidRequestError) as caught:
        ResultFile.open(path, now, {"k2": None})
    assert caught.value.code == "batch_other_run"
    assert "--set question 与这次不同" in caught.value.message


def test_a_file_from_before_settings_were_written_down_goes_on(path: Path) -> None:
    with ResultFile.open(path, replace(RUN, settings={"question": "到了吗？"}), KEYS) as file:
        assert file.starts.keys() == KEYS.keys()
