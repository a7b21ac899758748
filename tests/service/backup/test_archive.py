"""A backup holds exactly what its manifest says, and writes nowhere but where it may."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.backup.archive import DATABASE, ArchiveWriter, Manifest, read_archive
from kantu.service.backup.sealing import SealedReader, SealedWriter

PATH = Path("a.backup")
MEMBERS = {"home/files/ab/file-1": b"content", "home/first-key": b"", DATABASE: b"rows" * 5000}

pytestmark = pytest.mark.whole


def written(members: dict[str, bytes]) -> tuple[io.BytesIO, Manifest]:
    file = io.BytesIO()
    archive = ArchiveWriter(SealedWriter(file, None, "aes-256-gcm"))
    for name, data in members.items():
        archive.add(name, io.BytesIO(data))
    return file, archive.finish(kantu="1", revision="0001", database="sqlite", created_at=7)


def tarred(members: dict[str, bytes], manifest: dict[str, object] | None = None) -> io.BytesIO:
    """A backup as somebody may forge it."""
    file = io.BytesIO()
    sealed = SealedWriter(file, None, "aes-256-gcm")
    with tarfile.open(fileobj=sealed, mode="w|") as tar:  # type: ignore[call-overload]
        for name, data in {
            **members,
            **({} if manifest is None else {"manifest.json": json.dumps(manifest).encode()}),
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name.endswith("link"):
                info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0
            tar.addfile(info, io.BytesIO(data))
    sealed.close()
    return file


def read(file: io.BytesIO) -> tuple[dict[str, bytes], Manifest]:
    file.seek(0)
    found: dict[str, bytes] = {}

    @contextmanager
    def keep(name: str) -> Iterator[BinaryIO]:
        target = io.BytesIO()
        yield target
        found[name] = target.getvalue()

    manifest = read_archive(SealedReader(file, PATH, None), PATH, keep)
    return found, manifest


def is_damaged(file: io.BytesIO) -> bool:
    with pytest.raises(InvalidRequestError) as caught:
        read(file)
    return caught.value.code == "backup_damaged"


def test_what_is_added_is_read_and_listed() -> None:
    file, manifest = written(MEMBERS)
    found, again = read(file)
    assert (found, again) == (MEMBERS, manifest)
    assert [(member.name, member.size) for member in manifest.members] == [(k, len(v)) for k, v in MEMBERS.items()]


def _manifest(members: dict[str, bytes]) -> dict[str, object]:
    _, manifest = written(members)
    listed = [{"name": it.name, "size": it.size, "sha256": it.sha256} for it in manifest.members]
    return {"kantu": "1", "revision": "0001", "database": "sqlite", "created_at": 7, "members": listed}


def test_members_and_manifest_must_agree() -> None:
    manifest = _manifest(MEMBERS)
    assert read(tarred(MEMBERS, manifest))[0] == MEMBERS
    for changed in (
        {**MEMBERS, "home/first-key": b"other"},
        {name: data for name, data in MEMBERS.items() if name != "home/first-key"},
        {"home/more": b"", **MEMBERS},
        dict(reversed(MEMBERS.items())),
    ):
        assert is_damaged(tarred(changed, manifest))
    assert is_damaged(tarred(MEMBERS))
    assert is_damaged(tarred(MEMBERS, {"members": []}))


def test_a_backup_without_a_database_is_none() -> None:
    members = {"home/first-key": b"key"}
    assert is_damaged(tarred(members, _manifest(members)))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "home/../../etc/passwd", "home//etc/passwd", "home/..", "home/", "elsewhere", "home/link"]
)
def test_a_member_leads_nowhere_else(name: str) -> None:
    members = {name: b"", DATABASE: b""}
    assert is_damaged(tarred(members, _manifest(members)))
