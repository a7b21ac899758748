"""Authenticated encryption of what is kept: AES-256-GCM, or SM4-GCM (GB/T 32907, RFC 8998)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kantu.errors import error

Cipher = Literal["aes-256-gcm", "sm4-gcm"]

_KEY_BYTES = {"aes-256-gcm": 32, "sm4-gcm": 16}
_NONCE_BYTES, _TAG_BYTES = 12, 16
OVERHEAD_BYTES = _NONCE_BYTES + _TAG_BYTES
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


def new_key(cipher: Cipher) -> bytes:
    """A random data key."""
    return os.urandom(_KEY_BYTES[cipher])


def wrapping_key(secret: bytes, cipher: Cipher) -> bytes:
    """The key that data keys are sealed with, of a master key's secret: each cipher has its own."""
    return HKDF(SHA256(), _KEY_BYTES[cipher], salt=None, info=f"kantu history {cipher}".encode()).derive(secret)


def seal(cipher: Cipher, key: bytes, data: bytes, place: Place) -> bytes:
    """Encrypt. Nonces are random: a key seals a few dozen parts at most, a wrapping key one data key a record."""
    nonce = os.urandom(_NONCE_BYTES)
    encryptor = BlockCipher(_algorithm(cipher, key), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(place.associated_data)
    return nonce + encryptor.update(data) + encryptor.finalize() + encryptor.tag


def unseal(cipher: Cipher, key: bytes, sealed: bytes, place: Place) -> bytes:
    """Decrypt.

    Raises:
        StoreError: `history_unreadable`: another key, another place, or the bytes were changed.
    """
    nonce, tag = sealed[:_NONCE_BYTES], sealed[-_TAG_BYTES:]
    if len(sealed) < OVERHEAD_BYTES:
        raise error("history_unreadable")
    decryptor = BlockCipher(_algorithm(cipher, key), GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(place.associated_data)
    try:
        return decryptor.update(sealed[_NONCE_BYTES:-_TAG_BYTES]) + decryptor.finalize()
    except InvalidTag:
        raise error("history_unreadable") from None


def _algorithm(cipher: Cipher, key: bytes) -> AES256 | SM4:
    return AES256(key) if cipher == "aes-256-gcm" else SM4(key)
