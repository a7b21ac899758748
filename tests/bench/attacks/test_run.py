"""Rows of the table; one attack from end to end on a gateway of its own. Never how fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest

from kantu.bench.attacks import run as module
from kantu.bench.attacks.quiet import Sample
from kantu.bench.attacks.run import holds, table
from kantu.bench.report import Cell
from kantu.errors import EngineError, InvalidRequestError
from tests.bench import forked

pytestmark = pytest.mark.whole

GOOD: dict[str, Cell] = {"quiet_p95_seconds": 1.9, "http_peak_bytes": 100, "restarts": 0}
ANSWERED = [Sample(0.1, "200")]


def track(sequence: Sequence[Any], *, description: str) -> Sequence[Any]:
    return sequence


@pytest.mark.parametrize(
    ("changed", "samples", "bound", "met"),
    [
        ({}, ANSWERED, None, True),
        ({}, ANSWERED, 100, True),
        ({}, ANSWERED, 99, False),
        ({"quiet_p95_seconds": 2.0}, ANSWERED, None, False),
        ({"quiet_p95_seconds": None}, [], None, False),
        ({"restarts": 1}, ANSWERED, None, False),
        ({"restarts": "没有回答"}, ANSWERED, None, False),
        ({}, [*ANSWERED, Sample(0.1, "503 overloaded")], None, False),
    ],
)
def test_a_row_is_met_by_time_answers_restarts_and_memory(
    changed: dict[str, Cell], samples: list[Sample], bound: int | None, met: bool
) -> None:
    assert holds({**GOOD, **changed}, samples, bound) is met


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and all of 127.0.0.0/8")
def test_an_attack_from_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COOL_SECONDS", 0.1)
    monkeypatch.setattr("kantu.bench.gateway.subprocess", forked)
    alone, attacked = table(["ranges"], 1.0, None, [], track).rows
    assert (alone["attack"], attacked["attack"]) == ("none", "ranges")
    for row in (alone, attacked):
        assert row["restarts"] == 0
        assert str(row["quiet_failed"]).startswith("0/")
        assert int(row["http_peak_bytes"] or 0) > 50 * 2**20
        assert int(row["engine_peak_bytes"] or 0) > 50 * 2**20
    assert alone["attacker_got"] == "-"
    assert "×" in str(attacked["attacker_got"])


def test_another_command_is_started_where_one_is_given() -> None:
    with pytest.raises(EngineError, match="没有启动") as caught:
        table(["ranges"], 1.0, ["false"], [], track)
    assert caught.value.code == "gateway_failed"


def test_an_unknown_attack_starts_nothing() -> None:
    with pytest.raises(InvalidRequestError, match="没有这个攻击"):
        table(["nonsense"], 1.0, ["false"], [], track)
