"""Pauses double up to the longest, and start again after good health."""

from __future__ import annotations

from kantu.engine.process.backoff import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(1.0, 30.0, 60.0)
    assert [backoff.pause_seconds(0.0) for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_health_starts_them_again() -> None:
    backoff = Backoff(1.0, 30.0, 60.0)
    assert [backoff.pause_seconds(healthy) for healthy in (0, 59, 60, 0, 0)] == [1.0, 2.0, 1.0, 2.0, 4.0]
