"""The attacker's process: it prepares, attacks for as long as it is told, and says what it was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from kantu.bench.attacks import attacker as module
from kantu.bench.attacks.attack import Act, Attack, Seen, Target
from kantu.bench.attacks.attacker import Attacker
from kantu.bench.attacks.wire import ask, drip, hold
from kantu.errors import EngineError
from tests.bench.attacks.server import reply, serving, target


def requests(target: Target) -> Sequence[bytes]:
    return [b"GET /%d HTTP/1.1\r\n\r\n" % i for i in range(3)]


ASKING = Attack("asking", "", requests, ask, clients=3, pause_seconds=0.05)


def attacked(attack: Attack, seconds: float) -> tuple[Seen, list[bytes]]:
    """What came of an attack on a server that says yes, and what it sent."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        if attack.act is ask:
            writer.write(reply(200, b"{}"))
        else:
            await reader.read(-1)

    async def all_of_it() -> Seen:
        async with serving(serve) as there:
            return (await module._attack(there, [(attack, attack.requests(there))], seconds))[attack.name]

    return asyncio.run(all_of_it()), got


def test_each_client_takes_the_requests_in_turn() -> None:
    seen, got = attacked(ASKING, 0.5)
    assert seen["200"] >= 3
    assert set(got) == set(requests(target()))


@pytest.mark.parametrize("act", [hold, drip])
def test_an_attack_that_holds_ends_with_its_time(act: Act) -> None:
    body = [b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + b"x" * 100]
    seen, _ = attacked(replace(ASKING, act=act, requests=lambda target: body), 0.3)
    assert seen.total() == 3
    assert set(seen) <= {"held", "unanswered"}


def test_its_process_has_everything_ready_and_attacks_when_told() -> None:
    attacker = Attacker(["slow-heads", "ranges"], target())  # nobody listens there
    try:
        seen = attacker.attack(["ranges"], 0.3)
    finally:
        attacker.close()
    assert set(seen) == {"ranges"}
    assert set(seen["ranges"]) <= {"ConnectionRefusedError", "unanswered"}
    assert seen["ranges"]["ConnectionRefusedError"] > 0


def test_what_it_cannot_prepare_is_raised_here() -> None:
    with pytest.raises(EngineError) as caught:
        Attacker(["nonsense"], target())
    assert caught.value.code == "attacker_failed"
