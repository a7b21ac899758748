"""Authenticated encryption: AES-256-GCM, or SM4-GCM (GB/T 32907, RFC 8998)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256, SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

CipherName = Literal["aes-256-gcm", "sm4-gcm"]

KEY_BYTES: Mapping[CipherName, int] = MappingProxyType({"aes-256-gcm": 32, "sm4-gcm": 16})
NONCE_BYTES = 12
TAG_BYTES = 16


def seal(cipher: CipherName, key: bytes, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
    """The data encrypted, and its tag behind it. A key seals with each nonce once."""
    encryptor = Cipher(_algorithm(cipher, key), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(associated_data)
    return encryptor.update(data) + encryptor.finalize() + encryptor.tag


def unseal(cipher: CipherName, key: bytes, nonce: bytes, sealed: bytes, associated_data: bytes) -> bytes | None:
    """The data; None where key, nonce, associated data or bytes are not those that were sealed."""
    if len(sealed) < TAG_BYTES:
        return None
    decryptor = Cipher(_algorithm(cipher, key), GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
    decryptor.authenticate_additional_data(associated_data)
    try:
        return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()
    except InvalidTag:
        return None


def _algorithm(cipher: CipherName, key: bytes) -> AES256 | SM4:
    return AES256(key) if cipher == "aes-256-gcm" else SM4(key)
