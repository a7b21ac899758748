"""Faults are put in one at a time, and what clients get is told: errors, other answers, when it is over."""

from __future__ import annotations

import time

import pytest

from kantu.compare.asked import Asked
from kantu.compare.faults import FaultResult, try_faults
from kantu.compare.pace import Pace
from kantu.compare.relay import Fault
from kantu.contenders.contender import AskOptions
from kantu.errors import EngineError
from tests.compare.fakes import FakeDeployment, deployed
from tests.evaluation.asked import png

ASKED = tuple(Asked(png(), question, AskOptions()) for question in ("状态", "价格"))


PACE = Pace(patience_seconds=5, slow_seconds=0.2, recovery_seconds=30)


def tried(deployment: FakeDeployment, service: str, fault: Fault, pace: Pace = PACE) -> FaultResult:
    (found,) = try_faults(deployment, ASKED, {service: (fault,)}, pace)
    return found


def test_a_killed_service_is_an_error_until_it_is_back() -> None:
    with deployed("first", "second") as services:
        found = tried(services, "second", "killed")
    assert (found.asked, found.errors, found.changed, found.codes) == (2, 2, 0, ("rival_died",))
    assert found.recovery_seconds is not None
    assert found.recovery_seconds < 30


def test_the_time_of_a_restart_is_part_of_the_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed("first") as services:
        process = services.processes["first"]
        revive = process.revive
        monkeypatch.setattr(process, "revive", lambda: (time.sleep(0.3), revive()))
        found = tried(services, "first", "killed")
    assert found.recovery_seconds is not None
    assert found.recovery_seconds >= 0.3


def test_garbage_that_is_taken_for_an_answer_is_another_answer() -> None:
    with deployed("first", "second") as services:
        found = tried(services, "first", "garbage")
    assert (found.errors, found.changed) == (0, 2)


def test_a_rate_limit_is_an_error_with_its_code() -> None:
    with deployed("first") as services:
        found = tried(services, "first", "rate_limited")
    assert (found.errors, found.codes) == (2, ("gateway_failed",))


def test_who_is_silent_for_longer_than_patience_has_not_answered() -> None:
    with deployed("first") as services:
        found = tried(services, "first", "silent", Pace(patience_seconds=1.0))
    assert (found.errors, found.codes) == (2, ("no_answer_in_time",))
    assert found.recovery_seconds is not None


def test_slow_changes_nothing_but_the_time() -> None:
    with deployed("first") as services:
        found = tried(services, "first", "slow")
    assert (found.errors, found.changed) == (0, 0)
    assert found.median_seconds >= 0.2


def test_a_service_that_does_not_come_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed("first") as services:
        monkeypatch.setattr(services.processes["first"], "revive", lambda: None)
        found = tried(services, "first", "killed", Pace(recovery_seconds=0.3))
        monkeypatch.undo()
        services.processes["first"].revive()
    assert found.recovery_seconds is None


def test_without_an_answer_before_them_faults_are_not_tried() -> None:
    with deployed("first") as services:
        services.processes["first"].kill()
        with pytest.raises(EngineError, match="no_answer_before_faults"):
            tried(services, "first", "slow")
