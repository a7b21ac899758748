"""Authenticated encryption of what is kept, each part bound to its place."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kantu.errors import error
from kantu.service import gcm
from kantu.service.gcm import KEY_BYTES, NONCE_BYTES, TAG_BYTES, CipherName

OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES
"""What sealing adds."""


@dataclass(frozen=True, slots=True)
class Place:
    """What sealed bytes belong to. They open in no other place.

    Attributes:
        part: `key`, `summary`, `content` or `picture N`.
    """

    owner: str
    record_id: str
    created_at: int
    part: str

    @property
    def associated_data(self) -> bytes:
        """What is authenticated beside the data. JSON: no two places give the same."""
        return json.dumps(["kantu history", self.owner, self.record_id, self.created_at, self.part]).encode()


def new_key(cipher: CipherName) -> bytes:
    """A random data key."""
    return os.urandom(KEY_BYTES[cipher])


def wrapping_key(secret: bytes, cipher: CipherName) -> bytes:
    """The key that data keys are sealed with, of a master key's secret: each cipher has its own."""
    return HKDF(SHA256(), KEY_BYTES[cipher], salt=None, info=f"kantu history {cipher}".encode()).derive(secret)


def seal(cipher: CipherName, key: bytes, data: bytes, place: Place) -> bytes:
    """Encrypt. Nonces are random: a key seals a few dozen parts at most, a wrapping key one data key a record."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + gcm.seal(cipher, key, nonce, data, place.associated_data)


def unseal(cipher: CipherName, key: bytes, sealed: bytes, place: Place) -> bytes:
    """Decrypt.

    Raises:
        StoreError: `history_unreadable`: another key, another place, or the bytes were changed.
    """
    data = gcm.unseal(cipher, key, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.associated_data)
    if data is None:
        raise error("history_unreadable")
    return data
