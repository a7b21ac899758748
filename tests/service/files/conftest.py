"""A file service on a temporary folder, whose clock the test turns."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kantu.service.database import Database
from kantu.service.files.content import ContentStore
from kantu.service.files.record import FileRecord, UploadPurpose
from kantu.service.files.service import FileService
from tests.service.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(float(int(time.time())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def files(database: Database, folder: Path, clock: Clock) -> FileService:
    return FileService(database, ContentStore(folder), max_bytes=2**20, max_files=5, days=30, clock=clock)


async def create(
    files: FileService,
    owner: str,
    filename: str,
    purpose: UploadPurpose,
    data: AsyncIterator[bytes],
    expires_after_seconds: int | None = None,
) -> FileRecord:
    """Upload a file, as the endpoint does with the parts of a form."""
    async with files.draft() as draft:
        async for piece in data:
            await draft.write(piece)
        return await files.keep(owner, filename, purpose, draft, expires_after_seconds)


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    """Some bytes, as they arrive."""
    for piece in pieces:
        yield piece


def contents(folder: Path) -> list[str]:
    """The names of everything kept on disk."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
