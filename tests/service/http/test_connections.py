"""Connections are counted in all and by client, and idle ones make room."""

from __future__ import annotations

import logging

import pytest

from kantu.service.http.addresses import Networks
from kantu.service.http.connections import Connections, Held
from tests.service.clock import Clock


class Line:
    """Connections with a name each, to see whose was closed."""

    def __init__(self, most: int, most_of_one: int, shared: tuple[str, ...] = (), clock: Clock | None = None) -> None:
        self.connections = Connections(most, most_of_one, Networks(shared), clock or Clock(0.0))
        self.closed: list[str] = []
        self.held: dict[str, Held] = {}

    def come(self, name: str, address: str = "192.0.2.1", *, busy: bool = False) -> bool:
        held = self.connections.admit(address)
        if held is None:
            return False
        self.held[name] = held
        held.close = lambda: self._close(name)
        if busy:
            held.busy()
        return True

    def _close(self, name: str) -> None:
        self.closed.append(name)
        self.held[name].end()


def test_a_client_with_too_many_loses_its_oldest_idle_one() -> None:
    line = Line(most=10, most_of_one=2)
    assert all(line.come(name) for name in "abcd")
    assert line.closed == ["a", "b"]
    assert line.connections.count == 2


def test_one_that_was_used_again_is_not_the_oldest() -> None:
    line = Line(most=10, most_of_one=2)
    line.come("a")
    line.come("b")
    line.held["a"].busy()
    line.held["a"].idle()
    line.come("c")
    assert line.closed == ["b"]


def test_busy_ones_are_never_closed_and_the_new_one_is_refused() -> None:
    line = Line(most=10, most_of_one=2)
    assert line.come("a", busy=True)
    assert line.come("b", busy=True)
    assert not line.come("c")
    assert line.come("other", "192.0.2.2")
    assert (line.closed, line.connections.refused) == ([], {"address": 1})
    line.held["a"].end()
    line.held["a"].end()  # once is enough
    assert line.come("d")


def test_addresses_of_one_ipv6_network_are_one_client() -> None:
    line = Line(most=10, most_of_one=2)
    assert [line.come(str(number), f"2001:db8:0:1::{number}", busy=True) for number in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert line.come("next", "2001:db8:0:2::1")


def test_a_proxy_stands_for_many_clients() -> None:
    line = Line(most=5, most_of_one=2, shared=("10.0.0.0/8",))
    assert all(line.come(str(number), "10.0.0.7", busy=True) for number in range(5))
    assert not line.come("5", "10.0.0.7")
    assert line.connections.refused == {"all": 1}


def test_with_no_room_in_all_whoever_has_most_idle_ones_makes_it() -> None:
    line = Line(most=6, most_of_one=4)
    line.come("old", "192.0.2.1")
    for name in "abcd":
        line.come(name, "192.0.2.2")
    line.come("busy", "192.0.2.3", busy=True)
    assert line.come("new", "192.0.2.4")
    assert line.closed == ["a"]
    assert line.connections.count == 6


def test_those_that_take_their_time_to_close_are_bounded_too() -> None:
    connections = Connections(2, 2)
    told = []
    for number in range(200):
        held = connections.admit(f"192.0.2.{number}")
        if held is not None:
            held.close = lambda number=number: told.append(number)  # type: ignore[misc]
    assert connections.count <= 2 + 64
    assert connections.refused["all"] > 0


def test_refusals_are_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(100.0)
    line = Line(most=10, most_of_one=1, clock=clock)
    line.come("a", busy=True)
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            assert not line.come("b")
        clock.now += 61
        assert not line.come("b")
    assert [(record.reason, record.count) for record in caplog.records] == [("address", 1), ("address", 50)]  # type: ignore[attr-defined]
    assert line.connections.refused["address"] == 51


def test_nothing_of_a_client_that_has_gone_is_remembered() -> None:
    line = Line(most=10_000, most_of_one=2)
    for number in range(1000):
        name = str(number)
        line.come(name, f"2001:db8:{number:x}::1", busy=number % 2 == 0)
        line.held.pop(name).end()
    connections = line.connections
    assert (connections.count, len(connections._held_by), len(connections._idle_of)) == (0, 0, 0)
