"""Leases that nobody renews, as one observer sees them."""

from __future__ import annotations

from kantu.service.batches.leases import Lease, Silence
from tests.service.clock import Clock


def _lease(name: str, beats: int, owner: str = "other") -> Lease:
    return Lease(name, owner, beats)


def test_a_lease_is_broken_once_it_has_not_changed_for_long_enough() -> None:
    clock = Clock(100.0)
    silence = Silence(30, clock)
    for _ in range(3):
        assert silence.broken([_lease("a", 1)]) == []
        clock.now += 10
    assert silence.broken([_lease("a", 1), _lease("b", 1)]) == [_lease("a", 1)]


def test_a_lease_that_is_renewed_or_changes_hands_begins_anew() -> None:
    clock = Clock(0.0)
    silence = Silence(30, clock)
    for beats in range(12):
        assert silence.broken([_lease("a", beats // 2)]) == []
        clock.now += 10
    assert silence.broken([_lease("a", 5, "third")]) == []
    clock.now += 29
    assert silence.broken([_lease("a", 5, "third")]) == []


def test_an_observer_that_was_away_itself_begins_anew() -> None:
    clock = Clock(0.0)
    silence = Silence(30, clock)
    silence.broken([_lease("a", 1)])
    clock.now += 1000
    assert silence.broken([_lease("a", 1)]) == []
    clock.now += 30
    assert silence.broken([_lease("a", 1)]) == [_lease("a", 1)]


def test_what_is_no_longer_held_is_forgotten() -> None:
    silence = Silence(30, Clock(0.0))
    silence.broken([_lease(str(number), 1) for number in range(50)])
    silence.broken([])
    assert not silence._since
