"""Contents on disk."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, StoreError
from kantu.service.disk.room import DiskRoom
from kantu.service.files.content import ContentStore
from kantu.service.files.record import FILE_IDS
from tests.service.clock import Clock
from tests.service.files.conftest import contents


def _store(folder: Path) -> ContentStore:
    return ContentStore(folder, DiskRoom(folder, 0))


async def _keep(store: ContentStore, data: bytes) -> str:
    file_id = FILE_IDS.new()
    async with store.draft() as draft:
        await draft.write(data)
        await store.keep(draft, file_id)
    return file_id


def test_what_is_kept_can_be_read_and_only_by_its_user(folder: Path) -> None:
    store = _store(folder)
    data = os.urandom(3 * 2**20 + 1)
    file_id = asyncio.run(_keep(store, data))
    with store.open(file_id) as file:
        assert file.read() == data
    assert contents(folder) == [file_id]
    assert stat.S_IMODE(store.path(file_id).stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path(file_id).parent.stat().st_mode) == 0o700


def test_a_draft_that_is_not_kept_leaves_nothing(folder: Path) -> None:
    async def vanish() -> None:
        async with _store(folder).draft() as draft:
            await draft.write(b"x" * 2**21)
            assert contents(folder)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(vanish())
    assert contents(folder) == []


def test_a_draft_stops_at_its_largest_size(folder: Path) -> None:
    async def write() -> None:
        async with _store(folder).draft(10) as draft:
            await draft.write(b"0123456789")
            await draft.write(b"x")

    with pytest.raises(InvalidRequestError) as caught:
        asyncio.run(write())
    assert caught.value.code == "file_too_large"
    assert contents(folder) == []


def test_a_full_disk_is_a_store_error_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError) as caught:
        asyncio.run(_keep(_store(folder), b"data"))
    assert caught.value.code == "store_full"
    assert contents(folder) == []


def test_a_disk_that_really_is_full_is_a_store_error(tmp_path: Path) -> None:
    """/dev/full accepts nothing, as a disk without space does."""

    async def write() -> None:
        async with _store(tmp_path).draft() as draft:
            file = draft._file
            draft._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
            file.close()
            await draft.write(b"x" * 2**21)

    with pytest.raises(StoreError) as caught:
        asyncio.run(write())
    assert caught.value.code == "store_full"


def test_a_folder_that_cannot_be_written_is_a_store_error_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        asyncio.run(_keep(_store(tmp_path / "files"), b"data"))
    assert caught.value.code == "store_unavailable"
    assert str(tmp_path) not in str(caught.value) + caught.value.message_en
    assert caught.value.__suppress_context__


def test_missing_content_is_a_store_error(folder: Path) -> None:
    with pytest.raises(StoreError) as caught:
        _store(folder).open(FILE_IDS.new())
    assert caught.value.code == "file_content_missing"


def test_sweeping_deletes_drafts_and_contents_that_nobody_has_known_for_long(folder: Path) -> None:
    clock = Clock(0.0)
    store = ContentStore(folder, DiskRoom(folder, 0), clock)
    assert store.sweep(lambda ids: set(), 3600) == 0  # there is no folder yet
    known, orphan, late = (asyncio.run(_keep(store, b"data")) for _ in range(3))
    (folder / "drafts" / "left").write_bytes(b"half")
    asked: list[str] = []

    def rows(ids: list[str]) -> set[str]:
        asked.extend(ids)
        return {known} if clock.now < 3600 else {known, late}

    assert store.sweep(rows, 3600) == 0
    assert sorted(asked) == sorted([known, orphan, late])
    clock.now = 3600
    young = asyncio.run(_keep(store, b"data"))
    assert store.sweep(rows, 3600) == 2
    assert contents(folder) == sorted([known, late, young])


def test_a_clock_that_is_set_ahead_deletes_nothing_that_is_being_uploaded(folder: Path) -> None:
    """To a file, the clock being set is having been written long ago."""
    store = _store(folder)
    kept = asyncio.run(_keep(store, b"data"))
    draft = folder / "drafts" / "under way"
    draft.write_bytes(b"half")
    for path in (store.path(kept), draft):
        os.utime(path, (0, 0))
    assert [store.sweep(lambda ids: set(), 3600) for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("written", [1, 2**20, 3 * 2**20])
def test_nothing_is_written_into_the_reserve(folder: Path, written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    room = DiskRoom(folder, 2**30)
    monkeypatch.setattr(DiskRoom, "free_bytes", 2**30 + written - 1)
    with pytest.raises(StoreError) as caught:
        asyncio.run(_keep(ContentStore(folder, room), bytes(written)))
    assert caught.value.code == "store_full"
    assert contents(folder) == []
    monkeypatch.setattr(DiskRoom, "free_bytes", 2**30 + written)
    asyncio.run(_keep(ContentStore(folder, room), bytes(written)))
