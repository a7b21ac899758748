"""Clocks that nobody can set while the service runs."""

from __future__ import annotations

from kantu.service.clock import CautiousClock, SteadyClock, elapsed_seconds
from tests.service.clock import Clock


def test_elapsed_seconds_do_not_go_back() -> None:
    readings = [elapsed_seconds() for _ in range(100)]
    assert readings == sorted(readings)


def test_the_steady_clock_goes_on_as_it_began_whatever_the_wall_says() -> None:
    wall, elapsed = Clock(1000.0), Clock(7.0)
    steady = SteadyClock(wall, elapsed)
    assert steady() == 1000.0
    for moved in (-500.0, 5000.0):
        wall.now = moved
        elapsed.now += 10.0
    assert steady() == 1020.0


def test_the_cautious_clock_is_never_early() -> None:
    wall, elapsed = Clock(1000.0), Clock(0.0)
    cautious = CautiousClock(SteadyClock(wall, elapsed), wall)
    elapsed.now = 10.0
    wall.now = 90_000.0  # set ahead
    assert cautious() == 1010.0
    wall.now = 500.0  # set back
    assert cautious() == 500.0
    wall.now = 1010.0
    assert cautious() == 1010.0
