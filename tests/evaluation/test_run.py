"""A run goes on where an earlier one ended, and says who was asked, where and when."""

from __future__ import annotations

from pathlib import Path

import pytest

import kantu
from kantu import hub
from kantu.contenders.contender import Contender
from kantu.errors import InvalidRequestError, UpstreamError
from kantu.evaluation.results import read_results
from kantu.evaluation.run import Subject, describe, run
from kantu.evaluation.suites import Opened
from tests.contenders.scripted import Scripted
from tests.evaluation.asked import item

SERVER = Subject("http://127.0.0.1:1/v1#qwen")


def suite(count: int) -> Opened:
    return Opened("toy", "1", tuple(item(str(number), value=str(number)) for number in range(count)))


class Once:
    """Gives out one contender and remembers how often it was wanted."""

    def __init__(self, contender: Scripted) -> None:
        self.contender, self.times = contender, 0

    def __call__(self, subject: Subject, parallel: int) -> Contender:
        self.times += 1
        return self.contender


def test_a_run_that_broke_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"

    def say(question: str) -> str:
        if question == "6":
            raise UpstreamError("upstream_unreachable", "断", "gone")
        return question

    breaking = Scripted(say)
    with pytest.raises(UpstreamError):
        run(suite(10), SERVER, path, connect=Once(breaking))
    kept = read_results(path)
    assert {answer.question for answer in kept.answers.values()} == set("012345")
    assert breaking.closed

    second = Scripted(lambda question: question)
    seen: list[int] = []
    done = run(suite(10), SERVER, path, parallel=2, connect=Once(second), on_answer=seen.append)
    assert sorted(second.asked) == list("6789")
    assert seen == [6, 7, 8, 9, 10]
    assert len(done.results.answers) == 10
    assert [session.answered for session in done.results.sessions] == [6, 4]
    assert read_results(path).answers == done.results.answers


def test_where_nothing_is_left_nobody_is_connected(tmp_path: Path) -> None:
    connect = Once(Scripted(lambda question: question))
    for _ in range(2):
        run(suite(3), SERVER, tmp_path / "r.jsonl", connect=connect)
    assert connect.times == 1
    run(suite(3), SERVER, tmp_path / "r.jsonl", connect=connect, fresh=True)
    assert connect.times == 2


def test_only_what_changed_is_asked_again(tmp_path: Path) -> None:
    contender = Scripted(lambda question: question)
    run(suite(3), SERVER, tmp_path / "r.jsonl", connect=Once(contender))
    run(Opened("toy", "1", (*suite(3).items, item("新"))), SERVER, tmp_path / "r.jsonl", connect=Once(contender))
    assert contender.asked == ["0", "1", "2", "新"]


def test_the_session_tells_commit_version_and_machine(tmp_path: Path) -> None:
    done = run(suite(1), SERVER, tmp_path / "r.jsonl", parallel=3, connect=Once(Scripted(lambda question: question)))
    (session,) = done.results.sessions
    assert (session.version, session.parallel, session.machine) == (kantu.__version__, 3, {"device": "scripted"})
    assert session.commit == "" or len(session.commit.removesuffix("+")) == 12
    assert session.started_at.endswith("+00:00")


def test_a_run_is_known_by_weights_and_precision(tiny_folder: Path) -> None:
    opened = suite(1)
    plain = describe(opened, Subject(str(tiny_folder), device="cpu"))
    assert plain.weights == hub.fingerprint(hub.InstalledModel("", tiny_folder, 0, None))
    assert plain.precision in ("float32", "bfloat16")
    assert describe(opened, Subject(str(tiny_folder), "int8", "cpu")).precision == "int8"
    assert describe(opened, SERVER).precision == "server"


def test_a_server_s_precision_is_its_own() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        describe(suite(1), Subject("http://127.0.0.1:1/v1", "int8"))
    assert caught.value.code == "quantize_of_server"


def test_results_go_to_the_home_of_kantu_unless_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    connect = Once(Scripted(lambda question: question))
    first = run(suite(1), SERVER, connect=connect).path
    assert first.parent == tmp_path / "evaluations"
    assert run(suite(1), SERVER, connect=connect).path == first
    assert run(suite(1), Subject(SERVER.model, max_pixels=9_999), connect=connect).path != first
