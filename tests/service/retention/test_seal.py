"""What is sealed opens with its key, in its place and unchanged; and in no other way."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kantu.errors import StoreError
from kantu.service.gcm import CipherName
from kantu.service.retention.seal import OVERHEAD_BYTES, Place, new_key, seal, unseal, wrapping_key

PLACE = Place("甲", "hist_1", 1_700_000_000, "content")
both = pytest.mark.parametrize("cipher", ["aes-256-gcm", "sm4-gcm"])


@both
def test_what_is_sealed_opens_again(cipher: CipherName) -> None:
    key = new_key(cipher)
    for data in (b"", b"x", "为什么还没发货？".encode() * 1000):
        sealed = seal(cipher, key, data, PLACE)
        assert unseal(cipher, key, sealed, PLACE) == data
        assert len(sealed) == len(data) + OVERHEAD_BYTES
        assert data[:16] not in sealed or len(data) < 16


@both
@pytest.mark.parametrize(
    "other",
    [
        replace(PLACE, owner="乙"),
        replace(PLACE, record_id="hist_2"),
        replace(PLACE, created_at=1_700_000_001),
        replace(PLACE, part="picture 0"),
    ],
)
def test_it_belongs_to_an_owner_an_id_a_time_and_a_part(cipher: CipherName, other: Place) -> None:
    key = new_key(cipher)
    with pytest.raises(StoreError) as refused:
        unseal(cipher, key, seal(cipher, key, b"secret", PLACE), other)
    assert refused.value.code == "history_unreadable"


@both
def test_a_change_of_any_byte_is_noticed(cipher: CipherName) -> None:
    key = new_key(cipher)
    sealed = seal(cipher, key, b"secret", PLACE)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(StoreError):
            unseal(cipher, key, bytes(changed), PLACE)
    for length in range(len(sealed)):
        with pytest.raises(StoreError):
            unseal(cipher, key, sealed[:length], PLACE)


@both
def test_another_key_does_not_open_it(cipher: CipherName) -> None:
    with pytest.raises(StoreError):
        unseal(cipher, new_key(cipher), seal(cipher, new_key(cipher), b"secret", PLACE), PLACE)


@both
def test_the_same_data_is_never_sealed_alike(cipher: CipherName) -> None:
    key = new_key(cipher)
    assert len({seal(cipher, key, b"secret", PLACE) for _ in range(100)}) == 100


def test_each_cipher_has_a_wrapping_key_of_its_own() -> None:
    secret = bytes(range(32))
    aes, sm4 = wrapping_key(secret, "aes-256-gcm"), wrapping_key(secret, "sm4-gcm")
    assert (len(aes), len(sm4)) == (32, 16)
    assert sm4 not in aes
    assert secret not in (aes, sm4)


def test_no_two_places_have_the_same_associated_data() -> None:
    places = [
        Place("a", "b", 1, "c"),
        Place('a", "b', "", 1, "c"),
        Place("a", 'b", 1', 1, "c"),
        Place("ab", "", 1, "c"),
    ]
    assert len({place.associated_data for place in places}) == len(places)


def test_sm4_is_the_one_of_the_standard() -> None:
    """RFC 8998, appendix A.1."""
    nonce, key = bytes.fromhex("00001234567800000000ABCD"), bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    plain = bytes.fromhex("AA" * 8 + "BB" * 8 + "CC" * 8 + "DD" * 8 + "EE" * 8 + "FF" * 8 + "EE" * 8 + "AA" * 8)
    told = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    )
    tag = bytes.fromhex("83DE3541E4C2B58177E065A9BF7B62EC")
    place: Any = SimpleNamespace(associated_data=bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
    assert unseal("sm4-gcm", key, nonce + told + tag, cast(Place, place)) == plain
