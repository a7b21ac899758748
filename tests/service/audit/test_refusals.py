"""Nobody fills the disk by being refused."""

from __future__ import annotations

from kantu.service.audit.refusals import Refusals
from tests.service.clock import Clock


def test_so_many_of_one_are_written_and_others_are_not_hindered() -> None:
    refusals = Refusals(Clock(0), most=10, most_of_one=2)
    assert [refusals.admit("a") for _ in range(4)] == [True, True, False, False]
    assert refusals.admit("b")
    assert (refusals.take_left_out(), refusals.take_left_out()) == (2, 0)


def test_many_addresses_together_have_a_bound() -> None:
    refusals = Refusals(Clock(0), most=10, most_of_one=2)
    assert sum(refusals.admit(str(number)) for number in range(1000)) == 10
    assert refusals.left_out == 990


def test_every_minute_begins_anew() -> None:
    clock = Clock(0)
    refusals = Refusals(clock, most_of_one=1)
    assert [refusals.admit("a"), refusals.admit("a")] == [True, False]
    clock.now = 59.9
    assert not refusals.admit("a")
    clock.now = 60
    assert refusals.admit("a")
