"""How many bytes an owner, and all owners, may store: when uploads race, while they are written, and after deleting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from kantu.errors import InvalidRequestError, KantuError, StoreError
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.files import usage
from kantu.service.files.quota import DraftAccounts, Quota, Usage
from kantu.service.files.record import FileRecord
from kantu.service.files.service import FileService
from tests.service.actors import ALICE, BOB, actor
from tests.service.clock import Clock
from tests.service.files.conftest import QUOTA, contents, create, stream

MIB = 2**20
TENANT_MIB, TOTAL_MIB = QUOTA.tenant_bytes // MIB, QUOTA.total_bytes // MIB


async def _upload(files: FileService, actor: Actor, *pieces: bytes, seconds: int | None = None) -> FileRecord:
    return await create(files, actor, "x", "batch", stream(*pieces), seconds)


def _code(call: Callable[[], Coroutine[Any, Any, object]]) -> str:
    with pytest.raises(KantuError) as caught:
        asyncio.run(call())
    return caught.value.code


def _stored(database: Database, owner: str) -> Usage:
    with database.session(read_only=True) as session:
        return usage.usage_of(session, owner)


def _bytes_on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_an_owner_at_its_quota_stores_no_more_until_it_deletes_and_hinders_nobody(
    files: FileService, database: Database, folder: Path
) -> None:
    records = [asyncio.run(_upload(files, ALICE, bytes(MIB))) for _ in range(TENANT_MIB)]
    assert _code(lambda: _upload(files, ALICE, b"x")) == "storage_quota_exceeded"
    assert len(contents(folder)) == TENANT_MIB
    asyncio.run(_upload(files, BOB, bytes(MIB)))
    asyncio.run(files.delete(ALICE, records[0].id))
    asyncio.run(_upload(files, ALICE, bytes(MIB)))
    assert _stored(database, "alice") == Usage(TENANT_MIB, TENANT_MIB * MIB, (TENANT_MIB + 1) * MIB)


def test_all_owners_together_have_a_quota_too(files: FileService, folder: Path) -> None:
    for number in range(TOTAL_MIB):
        asyncio.run(_upload(files, actor(str(number)), bytes(MIB)))
    with pytest.raises(StoreError) as caught:
        asyncio.run(_upload(files, actor("late"), b"x"))
    assert caught.value.code == "store_full"
    assert len(contents(folder)) == TOTAL_MIB


def test_uploads_that_race_do_not_exceed_it_together_not_even_while_they_are_written(
    files: FileService, database: Database, folder: Path
) -> None:
    most = 0

    async def slow() -> Any:
        nonlocal most
        for _ in range(8):
            yield bytes(MIB // 8)
            await asyncio.sleep(0)
            most = max(most, _bytes_on_disk(folder))

    async def race() -> list[FileRecord | BaseException]:
        uploads = [create(files, ALICE, "x", "batch", slow()) for _ in range(12)]
        return await asyncio.gather(*uploads, return_exceptions=True)

    results = asyncio.run(race())
    assert {error.code for error in results if isinstance(error, KantuError)} == {"storage_quota_exceeded"}
    kept = [result for result in results if isinstance(result, FileRecord)]
    assert len(kept) <= TENANT_MIB
    assert most <= QUOTA.tenant_bytes
    assert _stored(database, "alice") == Usage(len(kept), len(kept) * MIB, len(kept) * MIB)
    assert _bytes_on_disk(folder) == len(kept) * MIB


def test_services_that_do_not_know_of_each_other_s_uploads_do_not_exceed_it_together(
    database: Database, folder: Path, clock: Clock
) -> None:
    """As two replicas with one database and one folder do."""
    from tests.service.files.conftest import service

    replicas = [service(database, folder, QUOTA, clock=clock) for _ in range(3)]

    async def race() -> list[FileRecord | BaseException]:
        uploads = [_upload(files, ALICE, bytes(MIB)) for files in replicas for _ in range(4)]
        return await asyncio.gather(*uploads, return_exceptions=True)

    results = asyncio.run(race())
    kept = [result for result in results if isinstance(result, FileRecord)]
    assert 0 < len(kept) <= TENANT_MIB
    assert _stored(database, "alice").tenant_bytes == _bytes_on_disk(folder) == len(kept) * MIB


def test_files_that_have_expired_neither_count_nor_stay_when_their_owner_comes_again(
    files: FileService, folder: Path, clock: Clock
) -> None:
    """Files of one second would else fill the disk between two sweeps."""
    for _ in range(3):
        for _ in range(TENANT_MIB):
            asyncio.run(_upload(files, ALICE, bytes(MIB), seconds=1))
        assert _bytes_on_disk(folder) == QUOTA.tenant_bytes
        clock.now += 1
    asyncio.run(_upload(files, BOB, b"x"))  # not at another one's cost
    assert len(contents(folder)) == TENANT_MIB + 1
    assert asyncio.run(files.sweep()) == TENANT_MIB


def test_what_is_counted_is_what_there_is(files: FileService, database: Database, folder: Path, clock: Clock) -> None:
    short = asyncio.run(_upload(files, ALICE, bytes(10), seconds=5))
    record = asyncio.run(_upload(files, ALICE, bytes(20)))
    asyncio.run(_upload(files, BOB, bytes(40)))
    assert _stored(database, "alice") == Usage(2, 30, 70)
    assert _code(lambda: files.delete(BOB, record.id)) == "file_not_found"
    assert _stored(database, "alice") == Usage(2, 30, 70)
    clock.now += 5
    assert _code(lambda: files.delete(ALICE, short.id)) == "file_not_found"  # the sweeper's
    assert asyncio.run(files.sweep()) == 1
    assert _stored(database, "alice") == Usage(1, 20, 60)
    asyncio.run(files.delete(ALICE, record.id))
    assert _stored(database, "alice") == Usage(0, 0, 40)
    assert _bytes_on_disk(folder) == 40


def test_what_will_be_a_file_counts_from_when_it_is_claimed(files: FileService, database: Database) -> None:
    with database.session() as session:
        files.claim(session, ALICE, QUOTA.tenant_bytes - 1)
    assert _code(lambda: _upload(files, ALICE, b"xx")) == "storage_quota_exceeded"
    asyncio.run(_upload(files, ALICE, b"x"))
    with pytest.raises(InvalidRequestError), database.session() as session:
        files.claim(session, ALICE, 1)
    with database.session() as session:
        files.release(session, ALICE, QUOTA.tenant_bytes - 1)
    assert _stored(database, "alice") == Usage(1, 1, 1)


def test_drafts_are_forgotten_when_they_end() -> None:
    accounts = DraftAccounts(Quota(9, 100, 150))

    async def known(total: int = 0) -> Usage:
        return Usage(0, 0, total)

    async def work() -> None:
        async with accounts.open("a", known()) as first:
            first(60)
            async with accounts.open("a", known()) as second:
                with pytest.raises(InvalidRequestError, match="storage_quota_exceeded"):
                    second(41)
                second(40)
            with pytest.raises(InvalidRequestError):  # the second may have been kept by now
                first(1)
            async with accounts.open("b", known(total=40)) as other:
                other(50)
                with pytest.raises(StoreError, match="store_full"):
                    other(1)
        async with accounts.open("a", known()) as again:
            again(100)

    asyncio.run(work())
    assert not accounts._tenants


def test_what_ends_while_the_database_is_asked_counts_although_it_was_not_seen_there() -> None:
    accounts = DraftAccounts(Quota(9, 100, 150))
    ended = asyncio.Event()

    async def known(*, late: bool = False) -> Usage:
        if late:
            await ended.wait()
        return Usage(0, 0, 0)  # as it was before the other had ended

    async def slow() -> None:
        async with accounts.open("a", known(late=True)) as take:
            take(40)
            with pytest.raises(InvalidRequestError, match="storage_quota_exceeded"):
                take(1)

    async def work() -> None:
        slower = asyncio.create_task(slow())
        await asyncio.sleep(0)
        async with accounts.open("a", known()) as take:
            take(60)
        ended.set()
        await slower

    asyncio.run(work())
