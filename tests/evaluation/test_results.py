"""A result file is whole whatever happens to the run, and one run does not go on with another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.evaluation.results import ResultFile, Run, Session, read_results
from tests.evaluation.asked import answer, item

RUN = Run("everyday", "1", "kantu-mini", "abc", "bfloat16", None)
SESSION = Session("2026-01-01T00:00:00+00:00", 2.5, 1, 8, "0.1.0", "abc+", {"cpu": "x", "cores": 2})


def test_what_is_added_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.jsonl"
    first, second = answer(item("一"), "9.9"), answer(item("二"), "第一行\n第二行\u2028\ud800")
    with ResultFile.open(path, RUN) as file:
        file.add(first)
        file.add(SESSION)
        assert read_results(path) == file.results
    with ResultFile.open(path, RUN) as file:
        assert file.results.answers == {first.key: first}
        file.add(second)
    found = read_results(path)
    assert found.run == RUN
    assert found.answers == {first.key: first, second.key: second}
    assert found.sessions == (SESSION,)


def test_half_a_line_of_a_killed_run_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with ResultFile.open(path, RUN) as file:
        file.add(answer(item("一"), "9.9"))
        file.add(answer(item("二"), "9.9"))
    path.write_bytes(path.read_bytes()[:-20])
    with ResultFile.open(path, RUN) as file:
        assert [found.question for found in file.results.answers.values()] == ["一"]
        file.add(answer(item("三"), "9.9"))
    assert [found.question for found in read_results(path).answers.values()] == ["一", "三"]


def test_answers_judged_anew_replace_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    kept, other = answer(item("一"), "8.8"), answer(item("二"), "8.8")
    with ResultFile.open(path, RUN) as file:
        file.add(kept)
        file.add(other)
        file.replace({kept.key: answer(item("一"), "8.8", score=1.0)})
        file.add(answer(item("三"), "9.9"))
    assert [found.score for found in read_results(path).answers.values()] == [1.0, 0.0, 1.0]


def test_a_file_of_another_run_is_refused_unless_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with ResultFile.open(path, RUN) as file:
        file.add(answer(item(), "9.9"))
    other = Run("everyday", "1", "kantu-mini", "abc", "int8", None)
    with pytest.raises(InvalidRequestError) as caught:
        ResultFile.open(path, other)
    assert caught.value.code == "results_other_run"
    assert len(read_results(path).answers) == 1
    with ResultFile.open(path, other, fresh=True) as file:
        assert not file.results.answers


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"kantu_eval": 1}', 'x\n{"kantu_eval": 1}\n', '{"kantu_eval": 99}'])
def test_any_other_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(text)
    with pytest.raises(InvalidRequestError) as caught:
        read_results(path)
    assert caught.value.code == "results_invalid"
    with pytest.raises(InvalidRequestError):
        read_results(tmp_path / "gone.jsonl")
