"""Files of owners: kept, listed, read, deleted, expired; each only for its owner."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from kantu.errors import ImageError, InvalidRequestError, KantuError, NotFoundError, StoreError
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.files.record import FileRecord, UploadPurpose
from kantu.service.files.service import FileService
from tests.service.actors import ALICE, BOB
from tests.service.clock import Clock
from tests.service.files.conftest import contents, create, stream
from tests.service.files.pictures import png


def _create(
    files: FileService,
    actor: Actor = ALICE,
    data: bytes = b"{}",
    purpose: UploadPurpose = "batch",
    seconds: int | None = None,
) -> FileRecord:
    return asyncio.run(create(files, actor, "name.jsonl", purpose, stream(data), seconds))


def _code(call: Callable[[], Coroutine[Any, Any, object]], kind: type[KantuError] = NotFoundError) -> str:
    with pytest.raises(kind) as caught:
        asyncio.run(call())
    return caught.value.code


def test_a_picture_is_kept_as_it_was_sent(files: FileService, clock: Clock) -> None:
    record = _create(files, data=png(), purpose="vision")
    assert asyncio.run(files.get(ALICE, record.id)) == record
    assert asyncio.run(files.open_bytes(ALICE, record.id)) == png()
    assert (record.size, record.created_at, record.expires_at) == (len(png()), clock.now, clock.now + 30 * 86_400)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_empty"),
        (b"<svg/>", "image_unsupported_format"),
        (png()[:-20], "image_damaged"),
        (png(4, 4), "image_too_small"),
        (png(4000, 8), "image_too_thin"),
    ],
)
def test_a_picture_that_the_guard_refuses_is_not_kept(files: FileService, folder: Path, data: bytes, code: str) -> None:
    for purpose in ("vision", "user_data"):
        assert _code(lambda: create(files, ALICE, "x.png", purpose, stream(data)), ImageError) == code  # noqa: B023
    assert contents(folder) == []
    assert asyncio.run(files.list(ALICE, purpose=None, after=None, limit=9, order="asc")) == ([], False)


def test_a_file_over_the_size_is_not_kept(files: FileService, folder: Path) -> None:
    pieces = [b"x" * 2**19] * 3
    assert _code(lambda: create(files, ALICE, "x", "batch", stream(*pieces)), InvalidRequestError) == "file_too_large"
    assert contents(folder) == []


def test_a_full_disk_leaves_neither_row_nor_content(
    files: FileService, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert _code(lambda: create(files, ALICE, "x", "batch", stream(b"data")), StoreError) == "store_full"
    assert contents(folder) == []
    assert asyncio.run(files.list(ALICE, purpose=None, after=None, limit=9, order="asc")) == ([], False)


def test_another_owners_file_does_not_exist(files: FileService) -> None:
    record = _create(files, actor=ALICE)
    for call in (
        lambda: files.get(BOB, record.id),
        lambda: files.open(BOB, record.id),
        lambda: files.open_bytes(BOB, record.id),
        lambda: files.delete(BOB, record.id),
        lambda: files.list(BOB, purpose=None, after=record.id, limit=9, order="asc"),
    ):
        assert _code(call) == "file_not_found"
    assert asyncio.run(files.list(BOB, purpose=None, after=None, limit=9, order="asc")) == ([], False)
    assert asyncio.run(files.get(ALICE, record.id)) == record


@pytest.mark.parametrize(
    "file_id", ["", "file-\x00", "../../etc/passwd", "file-'; DROP TABLE files; --", "file-\ud800"]
)
def test_whatever_is_no_id_does_not_exist(files: FileService, file_id: str) -> None:
    assert _code(lambda: files.get(ALICE, file_id)) == "file_not_found"
    assert _code(lambda: files.delete(ALICE, file_id)) == "file_not_found"


def test_only_pictures_are_read_as_pictures(files: FileService) -> None:
    record = _create(files, purpose="batch")
    assert _code(lambda: files.open_bytes(ALICE, record.id), InvalidRequestError) == "file_not_a_picture"


def test_deleting_takes_the_content_along(files: FileService, folder: Path) -> None:
    record = _create(files)
    asyncio.run(files.delete(ALICE, record.id))
    assert contents(folder) == []
    assert _code(lambda: files.get(ALICE, record.id)) == "file_not_found"
    assert _code(lambda: files.delete(ALICE, record.id)) == "file_not_found"


def test_pages_follow_each_other(files: FileService, clock: Clock) -> None:
    records = []
    for _ in range(5):
        records.append(_create(files))
        clock.now += len(records) % 2  # some share a second

    for order in ("asc", "desc"):
        seen: list[FileRecord] = []
        more = True
        while more:
            after = seen[-1].id if seen else None
            page, more = asyncio.run(files.list(ALICE, purpose=None, after=after, limit=2, order=order))
            seen += page
        ordered = sorted(records, key=lambda record: (record.created_at, record.id))
        assert seen == (ordered if order == "asc" else ordered[::-1])


def test_lists_can_be_of_one_purpose(files: FileService) -> None:
    _create(files)
    picture = _create(files, data=png(), purpose="vision")
    assert asyncio.run(files.list(ALICE, purpose="vision", after=None, limit=9, order="asc")) == ([picture], False)


def test_an_owner_has_only_so_many_files(files: FileService, folder: Path) -> None:
    for _ in range(5):
        _create(files)
    assert _code(lambda: create(files, ALICE, "x", "batch", stream(b"{}")), InvalidRequestError) == "too_many_files"
    assert len(contents(folder)) == 5
    _create(files, actor=BOB)


def test_the_number_of_files_holds_when_uploads_race(files: FileService, folder: Path) -> None:
    async def race() -> list[FileRecord | BaseException]:
        uploads = [create(files, ALICE, "x", "batch", stream(b"{}")) for _ in range(12)]
        return await asyncio.gather(*uploads, return_exceptions=True)

    results = asyncio.run(race())
    assert sum(isinstance(result, FileRecord) for result in results) == 5
    assert {error.code for error in results if isinstance(error, InvalidRequestError)} == {"too_many_files"}
    assert len(contents(folder)) == 5


def test_an_expired_file_is_gone_at_once_and_swept_later(files: FileService, folder: Path, clock: Clock) -> None:
    short, long = _create(files, seconds=60), _create(files)
    clock.now += 60
    assert _code(lambda: files.get(ALICE, short.id)) == "file_not_found"
    assert len(contents(folder)) == 2
    assert asyncio.run(files.sweep()) == 1
    assert contents(folder) == [long.id]
    assert asyncio.run(files.sweep()) == 0


@pytest.mark.parametrize("seconds", [0, -1, 30 * 86_400 + 1])
def test_a_lifetime_is_at_most_the_services(files: FileService, folder: Path, seconds: int) -> None:
    call = lambda: create(files, ALICE, "x", "batch", stream(b"{}"), seconds)  # noqa: E731
    assert _code(call, InvalidRequestError) == "invalid_expires_after"
    assert contents(folder) == []


def test_a_prepared_file_exists_once_its_row_is_committed(files: FileService, database: Database) -> None:
    record = asyncio.run(files.prepare(ALICE, "output.jsonl", "batch_output", stream(b"1\n", b"2\n")))
    assert _code(lambda: files.get(ALICE, record.id)) == "file_not_found"
    with database.session() as session:
        files.add(session, record)
    assert asyncio.run(files.get(ALICE, record.id)) == record
    assert record.size == 4


def test_content_that_the_disk_has_lost_is_a_store_error(files: FileService, folder: Path) -> None:
    record = _create(files)
    (path,) = folder.rglob(record.id)
    path.unlink()
    assert _code(lambda: files.open(ALICE, record.id), StoreError) == "file_content_missing"


def test_the_content_stays_for_the_sweeper_when_the_store_goes_away(
    database: Database, files: FileService, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows then whether the row was written."""
    run = database.run

    async def gone(work: Any, *, read_only: bool = False, urgent: bool = False) -> Any:
        if not read_only:
            raise StoreError("store_unavailable", "", "")
        return await run(work, read_only=True)

    with monkeypatch.context() as patch:
        patch.setattr(database, "run", gone)
        assert _code(lambda: create(files, ALICE, "x", "batch", stream(b"{}")), StoreError) == "store_unavailable"
    assert asyncio.run(files.sweep()) == 0
    clock.now += 3600
    assert asyncio.run(files.sweep()) == 1
    assert contents(folder) == []
