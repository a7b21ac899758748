"""Secrets that must be read again, such as those of second factors, encrypted (AES-256-GCM) with a key from a file."""

from __future__ import annotations

import binascii
import secrets
from base64 import b64decode, b64encode
from pathlib import Path

from kantu.errors import error
from kantu.service import gcm
from kantu.service.secret_file import write_secret

FILE_NAME = "people-key"

_CIPHER: gcm.CipherName = "aes-256-gcm"
_KEY_BYTES = gcm.KEY_BYTES[_CIPHER]
_FORM = "v1."


class Sealer:
    """Of one key.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, secret: str, owner: str) -> str:
        """A secret, so that only we read it, and only as this owner's."""
        nonce = secrets.token_bytes(gcm.NONCE_BYTES)
        sealed = gcm.seal(_CIPHER, self._key, nonce, secret.encode(), owner.encode())
        return _FORM + b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, owner: str) -> str:
        """The secret.

        Raises:
            StoreError: `people_key_wrong`: it was sealed with another key.
        """
        data = b64decode(sealed.removeprefix(_FORM))
        nonce, secret = data[: gcm.NONCE_BYTES], data[gcm.NONCE_BYTES :]
        opened = gcm.unseal(_CIPHER, self._key, nonce, secret, owner.encode())
        if opened is None:
            raise error("people_key_wrong")
        return opened.decode()


def open_sealer(file: Path | None, home: Path) -> Sealer:
    """That of the key in `file`, or in `home`, where one is made if there is none.

    Raises:
        StoreError: `people_key_unusable`.
    """
    path = home / FILE_NAME if file is None else file
    try:
        if file is None and not path.exists():
            write_secret(path, b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii"), replace=False)
        key = b64decode(path.read_text(encoding="ascii"), validate=False)
    except (OSError, UnicodeDecodeError, binascii.Error):
        key = b""
    if len(key) != _KEY_BYTES:
        raise error("people_key_unusable", path=path)
    return Sealer(key)
