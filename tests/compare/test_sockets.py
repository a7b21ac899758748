"""Bytes are counted by the kernel, at every socket that this process connects."""

from __future__ import annotations

import functools

import pytest

from kantu.compare.asked import Asked
from kantu.compare.fresh import fresh
from kantu.compare.sockets import _is_here, can_count
from kantu.contenders.apart import apart
from kantu.contenders.contender import AskOptions
from tests.compare.fakes import Client, EchoService
from tests.evaluation.asked import png

pytestmark = pytest.mark.skipif(not can_count(), reason="the kernel does not tell")


@pytest.mark.whole
def test_what_a_contender_sends_is_counted_by_place() -> None:
    service = EchoService("ocr")
    asked = [Asked(png(), "状" * 1000, AskOptions())] * 3
    make = functools.partial(Client, {"ocr": service.url})
    found = apart(functools.partial(fresh, make, asked, {service.port: "ocr"}))
    service.kill()
    started, traffic = found.start, found.traffic
    assert traffic is not None
    (place,) = traffic.places
    assert (place.service, place.outside, place.connections, traffic.questions) == ("ocr", False, 3, 3)
    assert 3 * 6_000 < place.sent_bytes < 3 * 7_000  # six bytes an escaped character, and the headers
    assert place.received_bytes > 3 * 3_000
    assert traffic.outside_bytes == 0
    assert 0 < started.ready_seconds <= started.first_answer_seconds
    assert started.peak_bytes > 10_000_000


def test_what_is_on_this_machine() -> None:
    assert _is_here("127.0.0.1")
    assert _is_here("::1")
    assert _is_here("localhost")
    assert not _is_here("10.0.0.3")
    assert not _is_here("api.example.com")
