"""Starts are taken several times, as long as that costs little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kantu.compare import fresh
from kantu.compare.asked import Asked
from kantu.compare.fresh import several
from kantu.compare.pace import Pace
from kantu.contenders.contender import AskOptions
from tests.contenders.scripted import Scripted
from tests.evaluation.asked import png

ASKED = tuple(Asked(png(), question, AskOptions()) for question in "甲乙丙")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Scripted]:
    """The contenders of the processes, each of which is this one."""
    monkeypatch.setattr(fresh, "can_count", lambda: False)  # a hook would stay
    monkeypatch.setattr(fresh, "apart", _at_once)
    return []


def _at_once(function: Callable[[], Any]) -> Any:
    return function()


def _make(made: list[Scripted]) -> Scripted:
    made.append(Scripted(str))
    return made[-1]


def test_the_first_process_is_asked_more_and_the_others_one_question(made: list[Scripted]) -> None:
    first, *others = several(lambda: _make(made), ASKED, Pace())
    assert [each.asked for each in made] == [["甲", "乙", "丙"], *([["甲"]] * 2)]
    assert all(each.closed for each in made)
    assert first.alone is not None
    assert first.alone.spread is not None
    assert (first.alone.clients, first.alone.spread.count) == (1, 2)
    assert [(each.alone, each.traffic) for each in others] == [(None, None)] * 2
    assert all(each.start.ready_seconds <= each.start.first_answer_seconds for each in (first, *others))


def test_where_a_start_takes_long_it_is_not_repeated(made: list[Scripted]) -> None:
    found = several(lambda: _make(made), ASKED, Pace(starts_seconds=0.0))
    assert (len(found), len(made)) == (1, 1)
