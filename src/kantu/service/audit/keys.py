"""The keys that sign the chain, from a file that is not in the database."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from kantu.errors import error
from kantu.service.secret_file import write_secret

Algorithm = Literal["hmac-sha256", "hmac-sm3"]

_BYTES = 32
_LINE = re.compile(r"[0-9a-f]{64}")
_ID_DIGITS = 16


class AuditKeys:
    """Signs with the last key, and knows the signatures of all of them. Used from any thread.

    Args:
        keys: of 32 bytes, the oldest first.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id_of(key): key for key in keys}
        self.current_id = _id_of(keys[-1])

    def mac(self, data: bytes, algorithm: str, key_id: str) -> bytes | None:
        """The signature of some bytes; None where the key or the algorithm is not known."""
        key = self._keys.get(key_id)
        if key is None:
            return None
        if algorithm == "hmac-sha256":
            return hmac.digest(key, data, "sha256")
        if algorithm == "hmac-sm3":
            signer = HMAC(key, hashes.SM3())
            signer.update(data)
            return signer.finalize()
        return None

    def sign(self, data: bytes, algorithm: Algorithm) -> bytes:
        """The signature of some bytes with the current key."""
        mac = self.mac(data, algorithm, self.current_id)
        assert mac is not None
        return mac

    def is_signed(self, data: bytes, mac: bytes, algorithm: str, key_id: str) -> bool:
        """Whether one of the keys has signed these bytes so."""
        found = self.mac(data, algorithm, key_id)
        return found is not None and hmac.compare_digest(found, mac)

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all keys, the oldest first."""
        return tuple(self._keys)


def read_keys(path: Path) -> AuditKeys:
    """The keys in a file: 64 hexadecimal digits a line, the last one signs.

    Raises:
        StoreError: `audit_key_unreadable`, `audit_key_insecure`.
    """
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        lines, mode = [], 0
    if mode & stat.S_IRWXO:
        raise error("audit_key_insecure", path=path)
    if not lines or not all(_LINE.fullmatch(line) for line in lines):
        raise error("audit_key_unreadable", path=path)
    return AuditKeys([bytes.fromhex(line) for line in lines])


def merged(ours: str, theirs: str) -> str:
    """The lines of a key file that knows two others' keys; ours sign."""
    lines = ours.split()
    return "".join(f"{line}\n" for line in (*(line for line in theirs.split() if line not in lines), *lines))


def make_key_file(path: Path) -> None:
    """Make a file with a fresh key, for its owner's eyes, where there is none. Of several processes one makes it.

    Raises:
        StoreError: `audit_key_unwritable`.
    """
    try:
        write_secret(path, secrets.token_hex(_BYTES), replace=False)
    except OSError:
        failed = True
    else:
        failed = False
    if failed:
        raise error("audit_key_unwritable", path=path)


def _id_of(key: bytes) -> str:
    """Tells keys apart and says nothing else of them."""
    return hashlib.sha256(b"kantu-audit-key\0" + key).hexdigest()[:_ID_DIGITS]
