"""A whole run with contenders and services that do as they are told."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from kantu.compare import deployed as over_http
from kantu.compare import fresh
from kantu.compare import run as module
from kantu.compare.gradients import Reach
from kantu.compare.makers import Example, Maker
from kantu.compare.pace import Pace
from kantu.compare.price import Prices
from kantu.compare.run import Plan, run
from kantu.contenders.contender import AskOptions
from kantu.contenders.pipeline.parts import Trace
from kantu.errors import error
from kantu.evaluation.suites import Opened
from kantu.processing.conversation import ImageSource
from tests.compare.fakes import FakeDeployment, FakePipeline, deployed, line
from tests.contenders.scripted import Scripted
from tests.evaluation.asked import item

LINES = (line("实付款 9.9"), line("状态 已发货", 40))
PACE = Pace(load_seconds=0.02, patience_seconds=1.0, slow_seconds=0.05, recovery_seconds=10)
ITEMS = tuple(item(f"第{number}问", picture=f"{number}.png", family="order") for number in range(24))


def make_ours() -> Scripted:
    return Scripted(lambda question: "9.9元")


class Growing(FakePipeline):
    """Its text model is given more with every question after the first."""

    def trace(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Trace:
        made = super().trace(pictures, question, options)
        return replace(made, completion=replace(made.completion, prompt_tokens=70 * len(self.asked)))


def make_theirs() -> FakePipeline:
    return Growing(lambda question: "8.8", LINES)


@contextmanager
def services(*names: str) -> Iterator[FakeDeployment]:
    with deployed(*names) as found:
        yield found


@contextmanager
def none_of_them() -> Iterator[FakeDeployment]:
    raise error("gateway_failed", last="no")
    yield


def reach(example: Example) -> Reach:
    return Reach(1, 2, 0, False, example.prompt)


def makers(**more: Any) -> tuple[Maker[Any], Maker[Any]]:
    ours = Maker("ours", ("kantu",), 60, make_ours, **more)
    theirs = Maker(
        "theirs",
        ("ocr", "language"),
        900,
        make_theirs,
        functools.partial(services, "ocr", "language"),
        functools.partial(services, "language"),
        reach=reach,
    )
    return ours, theirs


def track(sequence: Iterable[Any], *, description: str) -> Iterable[Any]:
    return sequence


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small and in this process; every path is still walked."""
    opened = Opened("toy", "1", ITEMS, ("浏览器图片",))
    monkeypatch.setattr(module, "open_sample", lambda suite, full: opened)
    for place in (fresh, over_http):
        monkeypatch.setattr(place, "apart", lambda function: function())
    monkeypatch.setattr("kantu.compare.fresh.can_count", lambda: False)  # a hook would stay


def test_everything_is_measured_of_both(tmp_path: Path) -> None:
    done = run(Plan(pace=PACE, journal=tmp_path / "j", prices=Prices(hour=3.6)), *makers(), track)
    found = done.comparison
    assert (len(found.pairs), found.pictures, found.missing) == (24, 24, ("浏览器图片",))
    assert (found.about["suite"], found.about["threads"]) == ("toy", str(torch.get_num_threads()))
    assert [pair.loss.stage for pair in found.pairs if pair.loss] == ["model"] * 24
    assert found.not_measured == {}
    ours, theirs = found.ours, found.theirs
    assert [load.clients for load in ours.loads] == [load.clients for load in theirs.loads] == [1, 4, 16]
    assert (len(ours.starts), len(theirs.starts)) == (3, 3)
    assert (ours.processes, theirs.processes) == (None, 2)
    assert {(each.service, each.fault) for each in theirs.faults} == {
        *(("ocr", fault) for fault in ("killed", "slow", "garbage")),
        *(("language", fault) for fault in ("killed", "slow", "garbage", "rate_limited", "silent")),
    }
    assert (ours.reach, theirs.reach) == (None, Reach(1, 2, 0, False, "实付款 9.9\n状态 已发货\n第0问"))
    assert ours.price == pytest.approx(1000 * 0.2 / 1000)  # of the scripted fifth of a second
    assert set(done.items) == {each.key for each in ITEMS}


def test_what_cannot_be_measured_is_told_with_the_reason(tmp_path: Path) -> None:
    done = run(Plan(pace=PACE, journal=tmp_path / "j"), *makers(deploy=none_of_them), track)
    assert done.comparison.not_measured is not None
    (name,) = done.comparison.not_measured
    assert name == "ours：经 HTTP"
    assert "gateway_failed" in done.comparison.not_measured[name]
    assert done.comparison.ours.loads == ()
    assert done.comparison.ours.starts


def test_what_was_measured_before_a_fault_could_not_be_put_in_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise error("no_answer_before_faults", code="deadline_exceeded")

    monkeypatch.setattr(over_http, "try_faults", fails)
    found = run(Plan(pace=PACE, journal=tmp_path / "j"), *makers(), track).comparison
    assert found.not_measured is not None
    assert set(found.not_measured) == {"theirs：故障", "theirs：文本模型的故障"}
    assert [load.clients for load in found.theirs.loads] == [1, 4, 16]
    assert found.theirs.faults == ()


def test_tokens_are_priced_as_a_question_about_a_new_picture_takes_them(tmp_path: Path) -> None:
    found = run(Plan(pace=PACE, journal=tmp_path / "j", prices=Prices(input=1_000)), *makers(), track).comparison
    assert [pair.new_picture for pair in found.pairs] == [True] + [False] * 23
    assert (found.ours.price, found.theirs.price) == (None, pytest.approx(70))  # of the first: later ones take more


def test_a_second_run_asks_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(pace=PACE, journal=tmp_path / "j")
    first = run(plan, *makers(), track).comparison.pairs
    asked: list[object] = []
    monkeypatch.setattr(module, "ask_both", lambda us, them, items: asked.extend(items) or [])
    assert run(plan, *makers(), track).comparison.pairs == first
    assert asked == []
