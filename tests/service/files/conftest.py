"""A file service on a temporary folder, whose clock the test turns."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kantu.service.database import Database
from kantu.service.files.content import ContentStore
from kantu.service.files.service import FileService


@dataclass
class Clock:
    """Stands still unless turned."""

    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(float(int(time.time())))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def files(database: Database, folder: Path, clock: Clock) -> FileService:
    return FileService(database, ContentStore(folder), max_bytes=2**20, max_files=5, days=30, clock=clock)


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    """Some bytes, as they arrive."""
    for piece in pieces:
        yield piece


def contents(folder: Path) -> list[str]:
    """The names of everything kept on disk."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
