"""What can be done with files. The content comes first and the row last, so that a row never promises too much."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from kantu.errors import InvalidRequestError, StoreError, error
from kantu.processing.guard import DEFAULT_LIMITS
from kantu.service.actor import Actor
from kantu.service.audit.acting import event
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.database.repository import Order, Paging
from kantu.service.files import usage
from kantu.service.files.content import ContentStore, Draft
from kantu.service.files.quota import DraftAccounts, Quota, Usage
from kantu.service.files.record import (
    FILE_IDS,
    PICTURES,
    FileRecord,
    Purpose,
    UploadPurpose,
    clean_filename,
)
from kantu.service.files.repository import FileRepository, delete_expired, has_expired, known_ids
from kantu.service.threads import on_thread

CheckPicture = Callable[[Actor, bytes], Awaitable[None]]

_DAY_SECONDS = 86_400
_SWEPT_AT_ONCE = 500
_ORPHAN_SECONDS = 3600.0  # no upload takes this long: bodies have a time limit


class FileService:
    """Files of all tenants; every call says who asks.

    Args:
        log: has what is uploaded and deleted.
        max_bytes: largest upload.
        quota: what a tenant, and all tenants, may store.
        days: how long files are kept that do not ask for less.
        clock: unix seconds, for when a file was made.
        expiry_clock: unix seconds, for when a file has had its time: deleting cannot be taken back. None is `clock`.
    """

    def __init__(
        self,
        database: Database,
        content: ContentStore,
        log: AuditLog,
        *,
        max_bytes: int,
        quota: Quota,
        days: float,
        clock: Callable[[], float] = time.time,
        expiry_clock: Callable[[], float] | None = None,
    ) -> None:
        self._database, self._content, self._audit_log = database, content, log
        self._max_bytes, self._quota = max_bytes, quota
        self._drafts = DraftAccounts(quota)
        self._longest_seconds = max(1, int(days * _DAY_SECONDS))
        self._clock, self._expiry_clock = clock, expiry_clock or clock

    @asynccontextmanager
    async def draft(self, actor: Actor) -> AsyncIterator[Draft]:
        """A place for an upload to be written to, of the largest size allowed; `keep` makes it a file.

        Its bytes count as stored from when they are written.

        Raises:
            StoreError: `store_full`, `store_unavailable`.
        """
        async with (
            self._drafts.open(actor.tenant, self._usage(actor.tenant)) as take,
            self._content.draft(self._max_bytes, take) as draft,
        ):
            yield draft

    async def keep(
        self,
        actor: Actor,
        filename: str,
        purpose: UploadPurpose,
        draft: Draft,
        expires_after_seconds: int | None = None,
        *,
        check_picture: CheckPicture,
    ) -> FileRecord:
        """Make a complete draft a file.

        Args:
            check_picture: (actor, bytes); raises what is wrong with a picture.

        Raises:
            ImageError: the picture is not one that would be accepted in a request.
            InvalidRequestError: `invalid_expires_after`, `too_many_files`, `storage_quota_exceeded`.
            StoreError: `store_full`, `store_unavailable`.
        """
        lifetime = self.lifetime(expires_after_seconds)
        await draft.flush()
        if purpose in PICTURES:
            if draft.size > DEFAULT_LIMITS.max_bytes:
                raise error("image_too_many_bytes.file", cap=DEFAULT_LIMITS.max_bytes / 2**20)
            await check_picture(actor, await on_thread(draft.read))
        record = self._record(actor, filename, purpose, draft.size, lifetime)
        await self._content.keep(draft, record.id)

        def add(session: Session) -> None:
            self._of(session, actor.tenant).add(record, self._quota)
            told = {"purpose": record.purpose, "bytes": record.size, "sha256": draft.sha256}
            self._audit_log.record(session, event("create", "files", record.id, after=told))

        try:
            await self._database.run(add)
        except (InvalidRequestError, StoreError) as failure:
            if failure.code != "store_unavailable":  # then nobody knows whether there is a row: the sweeper will see
                await on_thread(lambda: self._content.remove([record.id]))
            raise
        return record

    async def prepare(
        self, actor: Actor, filename: str, purpose: Purpose, stream: AsyncIterator[bytes], lifetime: int | None = None
    ) -> FileRecord:
        """The content of a file that the service itself writes; it exists once `add` has been committed.

        Of any size: whoever makes it has counted its bytes.

        Raises:
            StoreError: `store_full`, `store_unavailable`.
        """
        async with self._content.draft() as draft:
            async for data in stream:
                await draft.write(data)
            record = self._record(actor, filename, purpose, draft.size, lifetime or self._longest_seconds)
            await self._content.keep(draft, record.id)
        return record

    def add(self, session: Session, record: FileRecord) -> None:
        """Write the row of a prepared file, within a transaction of the caller's."""
        self._of(session, record.owner).add(record)

    def claim(self, session: Session, actor: Actor, size: int) -> None:
        """Count bytes that will become a prepared file, within a transaction of the caller's.

        Raises:
            InvalidRequestError: `storage_quota_exceeded`.
            StoreError: `store_full`, `store_unavailable`.
        """
        self._content.check_room(size)
        usage.claim(session, actor.tenant, self._quota, size=size)

    def release(self, session: Session, actor: Actor, size: int) -> None:
        """Count claimed bytes no longer: they are a file by now, or will never be one."""
        usage.change(session, actor.tenant, files=0, size=-size)

    async def get(self, actor: Actor, file_id: str) -> FileRecord:
        """One file.

        Raises:
            NotFoundError: `file_not_found`.
        """
        return await self._database.run(lambda session: self._of(session, actor.tenant).get(file_id), read_only=True)

    async def list(
        self, actor: Actor, *, purpose: Purpose | None, after: str | None, limit: int, order: Order
    ) -> tuple[Sequence[FileRecord], bool]:
        """Up to `limit` files by time of creation behind the file `after`, and whether there are more.

        Raises:
            NotFoundError: `file_not_found`: `after`.
        """
        paging = Paging(after, limit, order)
        return await self._database.run(
            lambda session: self._of(session, actor.tenant).page_for(purpose, paging), read_only=True
        )

    async def open(self, actor: Actor, file_id: str) -> BinaryIO:
        """The content of a file, to read and close.

        Raises:
            NotFoundError: `file_not_found`.
            StoreError: `file_content_missing`.
        """
        await self.get(actor, file_id)
        return await self._open(file_id)

    async def path(self, record: FileRecord) -> Path:
        """Where the content of a file is, to be sent.

        Raises:
            StoreError: `file_content_missing`.
        """
        (await self._open(record.id)).close()
        return self._content.path(record.id)

    async def open_bytes(self, actor: Actor, file_id: str) -> bytes:
        """The content of a picture, for a request that refers to it.

        Raises:
            InvalidRequestError: `file_not_a_picture`.
            NotFoundError: `file_not_found`.
            StoreError: `file_content_missing`.
        """
        if (await self.get(actor, file_id)).purpose not in PICTURES:
            raise error("file_not_a_picture")
        with await self._open(file_id) as file:
            return await on_thread(file.read)

    async def delete(self, actor: Actor, file_id: str) -> None:
        """Delete a file and its content.

        Raises:
            NotFoundError: `file_not_found`.
        """

        def work(session: Session) -> None:
            deleted = self._of(session, actor.tenant).delete(file_id)
            told = {"purpose": deleted.purpose, "bytes": deleted.size}
            self._audit_log.record(session, event("delete", "files", file_id, before=told))

        await self._database.run(work, urgent=True)
        await on_thread(lambda: self._content.remove([file_id]))

    async def sweep(self) -> int:
        """Delete what has expired, and contents without a row; how many files that was.

        Raises:
            StoreError: `store_unavailable`.
        """
        deleted = await self._sweep_expired()
        return deleted + await on_thread(lambda: self._content.sweep(self._known, _ORPHAN_SECONDS))

    def lifetime(self, asked_seconds: int | None, param: str = "expires_after[seconds]") -> int:
        """How many seconds a new file is kept.

        Raises:
            InvalidRequestError: `invalid_expires_after`.
        """
        if asked_seconds is None:
            return self._longest_seconds
        if not 1 <= asked_seconds <= self._longest_seconds:
            raise error("invalid_expires_after.seconds", most=self._longest_seconds, param=param)
        return asked_seconds

    async def _open(self, file_id: str) -> BinaryIO:
        return await on_thread(lambda: self._content.open(file_id), drop=lambda file: file.close())

    async def _usage(self, tenant: str) -> Usage:
        """What is stored, without what the tenant has that has expired, which is deleted on the way.

        Otherwise files of one second would fill the disk between two sweeps, or count against their tenant till then.
        """
        now = int(self._expiry_clock())
        if await self._database.run(lambda session: has_expired(session, now, tenant), read_only=True):
            await self._sweep_expired(tenant)
        return await self._database.run(lambda session: usage.usage_of(session, tenant), read_only=True)

    async def _sweep_expired(self, tenant: str | None = None) -> int:
        deleted, now = 0, int(self._expiry_clock())

        def work(session: Session) -> list[str]:
            ids = delete_expired(session, now, _SWEPT_AT_ONCE, tenant)
            if ids:
                self._audit_log.record(session, event("delete", "files", after={"expired": ids}))
            return ids

        while expired := await self._database.run(work, urgent=True):
            await on_thread(partial(self._content.remove, expired))
            deleted += len(expired)
        return deleted

    def _of(self, session: Session, tenant: str) -> FileRepository:
        return FileRepository(session, tenant, int(self._expiry_clock()))

    def _record(self, actor: Actor, filename: str, purpose: Purpose, size: int, lifetime: int) -> FileRecord:
        now = int(self._clock())
        return FileRecord(FILE_IDS.new(), actor.tenant, clean_filename(filename), purpose, size, now, now + lifetime)

    def _known(self, ids: Sequence[str]) -> set[str]:
        with self._database.session(read_only=True) as session:
            return known_ids(session, ids)
