"""Bytes in chunks that tell whether anything of them was changed, cut off or moved; encrypted where there is a secret.

A file begins with `MAGIC` and a header, one line of JSON. Each chunk behind it is followed by its tag, made over its
number, whether it is the last one, and the header. As each file has a key of its own, a chunk's number is its nonce.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, get_args

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kantu.errors import error
from kantu.service import gcm
from kantu.service.gcm import CipherName

SHORTEST_PASSPHRASE = 12
SHORTEST_KEY_BYTES = 32

MAGIC = b"kantu backup\n"
_FORMAT = 1
_CHUNK_BYTES = 2**20
_MOST_HEADER_BYTES = 1024
_SALT_BYTES = 32
_CHECK_BYTES = 16
_NUMBER_BYTES = 11  # with the flag of the last chunk the 96 bits that GCM takes


@dataclass(frozen=True, slots=True)
class Secret:
    """What a backup is encrypted with.

    Attributes:
        kind: a passphrase is stretched, which takes a moment and 128 MiB; a key file is random enough as it is.
    """

    kind: Literal["passphrase", "key-file"]
    data: bytes


def read_passphrase(text: str) -> Secret:
    """Raises InvalidRequestError `invalid_backup_key`: it is too short."""
    if len(text) < SHORTEST_PASSPHRASE:
        raise error("invalid_backup_key", least=SHORTEST_PASSPHRASE)
    return Secret("passphrase", text.encode())


def read_key_file(path: Path) -> Secret:
    """Raises InvalidRequestError `backup_unreadable`, `invalid_backup_key`: it is too short."""
    try:
        data = path.read_bytes()
    except OSError:
        data = None
    if data is None:
        raise error("backup_unreadable", path=path)
    if len(data) < SHORTEST_KEY_BYTES:
        raise error("invalid_backup_key.file", least=SHORTEST_KEY_BYTES, path=path)
    return Secret("key-file", data)


def cipher_named(name: str) -> CipherName:
    """Raises InvalidRequestError `invalid_backup_key`: there is no such cipher."""
    for known in get_args(CipherName):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise error("invalid_backup_key.cipher", name=name)


class _Chunks(Protocol):
    tag_bytes: int

    def seal(self, nonce: bytes, data: bytes) -> bytes: ...

    def open(self, nonce: bytes, sealed: bytes) -> bytes | None:
        """None where they are not what was sealed."""


class SealedWriter:
    """A file that is written to its end and then closed.

    Args:
        secret: None does not encrypt.
    """

    def __init__(self, file: BinaryIO, secret: Secret | None, cipher: CipherName) -> None:
        self._file = file
        salt = secrets.token_bytes(_SALT_BYTES)
        header: dict[str, Any] = {"format": _FORMAT, "cipher": "none"}
        keys = None
        if secret is not None:
            keys = _Keys.of(secret, salt, cipher)
            header = {**header, "cipher": cipher, "key": secret.kind, "salt": salt.hex(), "check": keys.check.hex()}
        line = json.dumps(header).encode() + b"\n"
        self._chunks = _chunks(cipher, keys, line)
        self._waiting = bytearray()
        self._number = 0
        file.write(MAGIC + line)

    def write(self, data: bytes) -> int:
        """Append."""
        self._waiting += data
        while len(self._waiting) > _CHUNK_BYTES:  # the last chunk is never empty unless all is
            self._seal(bytes(self._waiting[:_CHUNK_BYTES]), last=False)
            del self._waiting[:_CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        """Write the end, without which nothing of it can be trusted."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, data: bytes, *, last: bool) -> None:
        self._file.write(self._chunks.seal(_nonce(self._number, last), data))
        self._number += 1


class SealedReader:
    """What a `SealedWriter` wrote. Nothing leaves it that is not what was sealed.

    Args:
        path: for messages.
        secret: None for a file that is not encrypted.

    Raises:
        InvalidRequestError: `not_a_backup`, `backup_too_new`, `backup_damaged`, `backup_key_needed`,
            `backup_key_wrong`, `backup_not_encrypted`; `read` raises `backup_damaged`, too.
    """

    def __init__(self, file: BinaryIO, path: Path, secret: Secret | None) -> None:
        self._file, self._path = file, path
        if file.read(len(MAGIC)) != MAGIC:
            raise error("not_a_backup", path=path)
        line = file.readline(_MOST_HEADER_BYTES)
        cipher, keys = _open_header(line, path, secret)
        self._chunks = _chunks(cipher, keys, line)
        self._ahead = file.read(_CHUNK_BYTES + self._chunks.tag_bytes)
        self._opened = memoryview(b"")
        self._number = 0
        self._ended = False

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        pieces = bytearray()
        while len(pieces) < size and self._more():
            piece = self._opened[: size - len(pieces)]
            self._opened = self._opened[len(piece) :]
            pieces += piece
        return bytes(pieces)

    def finish(self) -> None:
        """Read what is left, to know that it is whole."""
        while self.read(_CHUNK_BYTES):
            pass

    def _more(self) -> bool:
        while not self._opened and not self._ended:
            sealed, self._ahead = self._ahead, self._file.read(_CHUNK_BYTES + self._chunks.tag_bytes)
            self._ended = not self._ahead
            opened = self._chunks.open(_nonce(self._number, self._ended), sealed)
            if opened is None:
                raise error("backup_damaged", path=self._path)
            self._opened = memoryview(opened)
            self._number += 1
        return bool(self._opened)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Made of a secret and a file's salt.

    Attributes:
        check: kept in the header, to tell a wrong secret from damage.
    """

    key: bytes
    check: bytes

    @classmethod
    def of(cls, secret: Secret, salt: bytes, cipher: CipherName) -> _Keys:
        data = secret.data
        if secret.kind == "passphrase":
            data = Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(data)
        size = gcm.KEY_BYTES[cipher]
        made = HKDF(SHA256(), size + _CHECK_BYTES, salt, f"kantu backup {cipher}".encode()).derive(data)
        return cls(made[:size], made[size:])


class _Encrypted:
    tag_bytes = gcm.TAG_BYTES

    def __init__(self, cipher: CipherName, key: bytes, header: bytes) -> None:
        self._cipher, self._key, self._header = cipher, key, header

    def seal(self, nonce: bytes, data: bytes) -> bytes:
        return gcm.seal(self._cipher, self._key, nonce, data, self._header)

    def open(self, nonce: bytes, sealed: bytes) -> bytes | None:
        return gcm.unseal(self._cipher, self._key, nonce, sealed, self._header)


class _Plain:
    """Against accidents: whoever may write the file can make new tags."""

    tag_bytes = 32

    def __init__(self, header: bytes) -> None:
        self._header = header

    def seal(self, nonce: bytes, data: bytes) -> bytes:
        return data + self._tag(nonce, data)

    def open(self, nonce: bytes, sealed: bytes) -> bytes | None:
        data, tag = sealed[: -self.tag_bytes], sealed[-self.tag_bytes :]
        return data if hmac.compare_digest(tag, self._tag(nonce, data)) else None

    def _tag(self, nonce: bytes, data: bytes) -> bytes:
        return hashlib.sha256(self._header + nonce + data).digest()


def _chunks(cipher: CipherName, keys: _Keys | None, header: bytes) -> _Chunks:
    return _Plain(header) if keys is None else _Encrypted(cipher, keys.key, header)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(_NUMBER_BYTES) + bytes([last])


def _open_header(line: bytes, path: Path, secret: Secret | None) -> tuple[CipherName, _Keys | None]:
    try:
        header = json.loads(line)
        version, cipher = int(header["format"]), header["cipher"]
        salt, check = bytes.fromhex(header.get("salt", "")), bytes.fromhex(header.get("check", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        header = None
    if header is None:
        raise error("backup_damaged", path=path)
    if version > _FORMAT:
        raise error("backup_too_new", path=path)
    if cipher == "none":
        if secret is not None:
            raise error("backup_not_encrypted", path=path)
        return "aes-256-gcm", None
    if cipher not in get_args(CipherName) or header.get("key") not in ("passphrase", "key-file"):
        raise error("backup_damaged", path=path)
    if secret is None or secret.kind != header["key"]:
        raise error("backup_key_needed", path=path, option=f"--{header['key']}")
    keys = _Keys.of(secret, salt, cipher)
    if not hmac.compare_digest(keys.check, check):
        raise error("backup_key_wrong", path=path)
    return cipher, keys
