"""Every attack can be made, and is what its row says."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from kantu.bench.attacks.attack import Attack
from kantu.bench.attacks.catalogue import ATTACKS, chosen
from kantu.errors import InvalidRequestError
from tests.bench.attacks.server import target

pytestmark = pytest.mark.whole

KEYLESS = {"held-bodies", "slow-bodies", "wrong-keys", "visits"}


def test_names_and_descriptions_are_not_used_twice() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack.what for attack in ATTACKS}) == len(ATTACKS)


def test_without_names_all_are_chosen_and_an_unknown_one_is_refused() -> None:
    assert chosen(()) == ATTACKS
    assert [attack.name for attack in chosen(("idle", "webp"))] == ["idle", "webp"]
    with pytest.raises(InvalidRequestError, match="没有这个攻击：nonsense") as caught:
        chosen(("nonsense",))
    assert caught.value.code == "unknown_attack"


@pytest.fixture(scope="module", params=ATTACKS, ids=lambda attack: attack.name)
def made(request: pytest.FixtureRequest) -> tuple[Attack, Sequence[bytes]]:
    """An attack and what it sends, which takes seconds to draw for some."""
    attack: Attack = request.param
    return attack, attack.requests(target())


def test_what_an_attack_sends_is_well_framed(made: tuple[Attack, Sequence[bytes]]) -> None:
    attack, requests = made
    assert requests
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        if b"Content-Length" in head and attack.name != "pipelined":
            assert f"Content-Length: {len(body)}".encode() in head
        if b"application/json" in head and body.startswith(b"{") and len(body) < 2**20:
            json.loads(body) if attack.name != "slow-bodies" else None


def test_only_the_attacks_of_strangers_have_no_key(made: tuple[Attack, Sequence[bytes]]) -> None:
    attack, requests = made
    keys = (b"Bearer kt-one.", b"Bearer kt-two.", b"Bearer kt-three.")
    sent = [request for request in requests if request.startswith((b"GET", b"POST"))]
    with_key = {any(key in request[:2000] + request[-2000:] for key in keys) for request in sent}
    if attack.name in KEYLESS:
        assert with_key == {False}
    elif attack.name == "spaces":  # both in turn
        assert with_key == {True, False}
    elif sent and attack.name != "slow-heads":
        assert with_key == {True}
