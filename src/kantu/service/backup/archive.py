"""The members of a backup: a tar, whose last member is the manifest of all others."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from kantu.errors import error
from kantu.service.backup.sealing import SealedReader, SealedWriter

DATABASE = "database.sqlite"
HOME = "home/"
"""How members begin that lie in `KANTU_HOME`; their path there follows."""

_MANIFEST = "manifest.json"
_MOST_MANIFEST_BYTES = 2**30
_PIECE_BYTES = 2**18


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is, and what is in it.

    Attributes:
        kantu: version of the program that wrote it.
        revision: of the tables in it.
        database: which kind it was made of, `sqlite` or `postgresql`; it can be restored into either.
        created_at: when its database was as it is in it; unix seconds.
    """

    kantu: str
    revision: str
    database: str
    created_at: int
    members: tuple[Member, ...]


_MANIFESTS = TypeAdapter(Manifest)


class ArchiveWriter:
    """Adds members, then the manifest."""

    def __init__(self, sealed: SealedWriter) -> None:
        self._sealed = sealed
        self._tar = tarfile.open(fileobj=sealed, mode="w|")  # type: ignore[call-overload]  # noqa: SIM115 - `finish`
        self._members: list[Member] = []

    def add(self, name: str, file: BinaryIO) -> None:
        """A member with what an open file holds now. Raises OSError."""
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        hashed = _Hashed(file)
        self._tar.addfile(_info(name, size), hashed)
        self._members.append(Member(name, size, hashed.digest.hexdigest()))

    def finish(self, *, kantu: str, revision: str, database: str, created_at: int) -> Manifest:
        """Write the manifest and the end."""
        manifest = Manifest(kantu, revision, database, created_at, tuple(self._members))
        data = _MANIFESTS.dump_json(manifest)
        self._tar.addfile(_info(_MANIFEST, len(data)), io.BytesIO(data))
        self._tar.close()
        self._sealed.close()
        return manifest


def read_archive(sealed: SealedReader, path: Path, keep: Callable[[str], AbstractContextManager[BinaryIO]]) -> Manifest:
    """Read all of a backup; only when this returns is it known to be whole.

    Args:
        path: for messages.
        keep: name of a member -> where to write it. Names are `DATABASE`, or begin with `HOME` and lead nowhere else.

    Raises:
        InvalidRequestError: `backup_damaged`.
        OSError: of what `keep` returned.
    """
    members: list[Member] = []
    manifest: Manifest | None = None
    try:
        with tarfile.open(fileobj=sealed, mode="r|") as tar:  # type: ignore[call-overload]
            for info in tar:
                source = tar.extractfile(info) if info.isreg() else None
                if source is None or manifest is not None:
                    raise error("backup_damaged", path=path)
                if info.name == _MANIFEST:
                    manifest = _MANIFESTS.validate_json(source.read(_MOST_MANIFEST_BYTES))
                else:
                    members.append(_read(info, source, path, keep))
        sealed.finish()
    except (tarfile.TarError, ValidationError):
        manifest = None
    if manifest is None or manifest.members != tuple(members) or DATABASE not in {it.name for it in members}:
        raise error("backup_damaged", path=path)
    return manifest


def _read(
    info: tarfile.TarInfo, source: BinaryIO, path: Path, keep: Callable[[str], AbstractContextManager[BinaryIO]]
) -> Member:
    if not _is_safe(info.name):
        raise error("backup_damaged", path=path)
    hashed = _Hashed(source)
    with keep(info.name) as target:
        while piece := hashed.read(_PIECE_BYTES):
            target.write(piece)
    return Member(info.name, info.size, hashed.digest.hexdigest())


def _is_safe(name: str) -> bool:
    """Whoever may write an unencrypted backup must not choose what is written where."""
    inside = PurePosixPath(name.removeprefix(HOME))
    is_path = not inside.is_absolute() and bool(inside.parts) and ".." not in inside.parts and "\0" not in name
    return name == DATABASE or (name.startswith(HOME) and is_path)


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data
