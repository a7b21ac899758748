"""A file service on a temporary folder, whose clock the test turns."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.disk.room import DiskRoom
from kantu.service.files.content import ContentStore
from kantu.service.files.quota import Quota
from kantu.service.files.record import FileRecord, UploadPurpose
from kantu.service.files.service import FileService
from tests.service.audits import LOG
from tests.service.clock import Clock
from tests.service.decoding import check_picture


@pytest.fixture
def clock() -> Clock:
    return Clock(float(int(time.time())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


QUOTA = Quota(tenant_files=5, tenant_bytes=4 * 2**20, total_bytes=6 * 2**20)


@pytest.fixture
def files(database: Database, folder: Path, clock: Clock) -> FileService:
    return service(database, folder, QUOTA, max_bytes=2**20, clock=clock, steady=clock)


def service(
    database: Database,
    folder: Path,
    quota: Quota,
    *,
    max_bytes: int = 2**22,
    clock: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
) -> FileService:
    """A file service without a reserve on the disk."""
    content = ContentStore(folder, DiskRoom(folder, 0), steady)
    return FileService(database, content, LOG, max_bytes=max_bytes, quota=quota, days=30, clock=clock)


async def create(
    files: FileService,
    actor: Actor,
    filename: str,
    purpose: UploadPurpose,
    data: AsyncIterator[bytes],
    expires_after_seconds: int | None = None,
) -> FileRecord:
    """Upload a file, as the endpoint does with the parts of a form."""
    async with files.draft(actor) as draft:
        async for piece in data:
            await draft.write(piece)
        return await files.keep(actor, filename, purpose, draft, expires_after_seconds, check_picture=check_picture)


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    """Some bytes, as they arrive."""
    for piece in pieces:
        yield piece


def contents(folder: Path) -> list[str]:
    """The names of everything kept on disk."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
