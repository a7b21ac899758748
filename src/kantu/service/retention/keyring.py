"""The file of master keys: a line each, an id and 32 random bytes in base64, the newest first."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kantu.errors import error
from kantu.service.database.ids import Ids
from kantu.service.disk.placing import new_file

_IDS = Ids("mk_")
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class MasterKey:
    """What data keys are wrapped with."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> MasterKey:
        """A random one."""
        return cls(_IDS.new(), os.urandom(_SECRET_BYTES))


class KeyRing:
    """The master keys of a file, read again when it has changed, so that a running service follows a rotation.

    Used from any thread.

    Raises:
        InvalidRequestError: `retention_key_file`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = (_stamp(path), read_keys(path))

    @property
    def current(self) -> MasterKey:
        """What new data keys are wrapped with."""
        return self._keys()[0]

    def get(self, key_id: str) -> MasterKey:
        """Raises StoreError (`history_unreadable`) where the file no longer has it."""
        for key in self._keys():
            if key.id == key_id:
                return key
        raise error("history_unreadable")

    def _keys(self) -> Sequence[MasterKey]:
        stamp, keys = self._read
        now = _stamp(self._path)
        if now != stamp:
            keys = read_keys(self._path)
            self._read = (now, keys)
        return keys


def read_keys(path: Path) -> Sequence[MasterKey]:
    """The keys of a file, at least one.

    Raises:
        InvalidRequestError: `retention_key_file`: it cannot be read, everybody else can read it, or it has other lines.
    """
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise ValueError("everybody can read it")
        lines = [line.split() for line in path.read_text("ascii").splitlines() if line.strip()]
        keys = [MasterKey(key_id, base64.b64decode(secret, validate=True)) for key_id, secret in lines]
    except (OSError, ValueError, binascii.Error):
        keys = []
    if not keys or not all(_IDS.fits(key.id) and len(key.secret) == _SECRET_BYTES for key in keys):
        raise error("retention_key_file", path=path)
    return tuple(keys)


def write_keys(path: Path, keys: Sequence[MasterKey]) -> None:
    """Put keys in place of what the file has, at once and for its owner's eyes only.

    Raises:
        InvalidRequestError: `retention_key_file`.
    """
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with new_file(draft) as file:
            file.writelines(f"{key.id} {base64.b64encode(key.secret).decode()}\n".encode() for key in keys)
        draft.replace(path)
    except OSError:
        raise error("retention_key_file", path=path) from None
    finally:
        draft.unlink(missing_ok=True)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
