"""What a tenant can do with batches; the runner does the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from kantu.errors import (
    NotFoundError,
    error,
)
from kantu.service.actor import Actor
from kantu.service.audit.acting import event
from kantu.service.audit.log import AuditLog
from kantu.service.batches.record import BATCH_IDS, WINDOW_SECONDS, Batch, Endpoint
from kantu.service.batches.repository import BatchRepository, delete_ended
from kantu.service.database import Database
from kantu.service.database.repository import Paging
from kantu.service.files.service import FileService
from kantu.service.language import Language
from kantu.service.permissions import check

MOST_UNFINISHED = 100
_SWEPT_AT_ONCE = 500


class BatchService:
    """Batches of all tenants; every call says who asks.

    Args:
        log: has what is started and cancelled.
        changed: called when there is something to do for a runner.
        days: how long a batch is kept after its end.
        clock: unix seconds, for when a batch was made.
        expiry_clock: unix seconds, for when a batch has had its time: deleting cannot be taken back. None is `clock`.
    """

    def __init__(
        self,
        database: Database,
        files: FileService,
        log: AuditLog,
        changed: Callable[[], None],
        *,
        days: float = 30,
        clock: Callable[[], float] = time.time,
        expiry_clock: Callable[[], float] | None = None,
    ) -> None:
        self._database, self._files, self._audit_log = database, files, log
        self._kept_seconds = int(days * 86_400)
        self._changed, self._clock, self._expiry_clock = changed, clock, expiry_clock or clock

    async def create(
        self,
        actor: Actor,
        input_file_id: str,
        language: Language,
        *,
        endpoint: Endpoint = "/v1/chat/completions",
        metadata: dict[str, str] | None = None,
        output_expires_after_seconds: int | None = None,
    ) -> Batch:
        """Start a batch over an uploaded file. Its lines are checked later.

        Raises:
            InvalidRequestError: `file_not_for_batch`, `invalid_expires_after`.
            LimitExceededError: `too_many_batches`.
            NotFoundError: `file_not_found`.
            PermissionDeniedError: `endpoint_not_allowed`: the key may not use chat.
        """
        check(actor, "create", "chat")
        lifetime = self._files.lifetime(output_expires_after_seconds, "output_expires_after.seconds")
        try:
            file = await self._files.get(actor, input_file_id)
        except NotFoundError:
            raise error("file_not_found", param="input_file_id") from None
        if file.purpose != "batch":
            raise error("file_not_for_batch")
        now = int(self._clock())
        batch = Batch(
            id=BATCH_IDS.new(),
            owner=actor.tenant,
            key_id=actor.key_id,
            endpoint=endpoint,
            language=language,
            status="validating",
            input_file_id=file.id,
            output_seconds=lifetime,
            labels=metadata,
            created_at=now,
            expires_at=now + WINDOW_SECONDS,
        )

        def work(session: Session) -> None:
            _add(session, batch)
            told = {"endpoint": batch.endpoint, "input_file_id": batch.input_file_id}
            self._audit_log.record(session, event("create", "batches", batch.id, after=told))

        await self._database.run(work)
        self._changed()
        return batch

    async def get(self, actor: Actor, batch_id: str) -> Batch:
        """One batch.

        Raises:
            NotFoundError: `batch_not_found`.
        """
        return await self._database.run(
            lambda session: BatchRepository(session, actor.tenant).get(batch_id), read_only=True
        )

    async def list(self, actor: Actor, *, after: str | None, limit: int) -> tuple[Sequence[Batch], bool]:
        """Up to `limit` batches, the newest first, behind the batch `after`, and whether there are more.

        Raises:
            NotFoundError: `batch_not_found`: `after`.
        """
        paging = Paging(after, limit)
        return await self._database.run(
            lambda session: BatchRepository(session, actor.tenant).page(paging), read_only=True
        )

    async def cancel(self, actor: Actor, batch_id: str) -> Batch:
        """Start no more lines of a batch; those under way are finished. Cancelling again changes nothing.

        Raises:
            ConflictError: `batch_not_cancellable`: it has ended, or is just ending.
            NotFoundError: `batch_not_found`.
        """
        now = int(self._clock())

        def work(session: Session) -> Batch:
            batches = BatchRepository(session, actor.tenant)
            before = batches.get(batch_id)
            if not batches.cancel(batch_id, now):
                _check_cancelled(before)
            session.expire_all()
            after = batches.get(batch_id)
            states = ({"status": before.status}, {"status": after.status})
            self._audit_log.record(session, event("cancel", "batches", batch_id, before=states[0], after=states[1]))
            return after

        batch = await self._database.run(work, urgent=True)
        self._changed()
        return batch

    async def sweep(self) -> int:
        """Delete batches, of all tenants, that ended so many days ago; how many that was. Their files go by themselves.

        Raises:
            StoreError: `store_unavailable`.
        """
        deleted, before = 0, int(self._expiry_clock()) - self._kept_seconds

        def work(session: Session) -> int:
            count = delete_ended(session, before, _SWEPT_AT_ONCE)
            if count:
                self._audit_log.record(session, event("delete", "batches", after={"expired": count}))
            return count

        while more := await self._database.run(work, urgent=True):
            deleted += more
        return deleted


def _add(session: Session, batch: Batch) -> None:
    batches = BatchRepository(session, batch.owner)
    if batches.count_unfinished() >= MOST_UNFINISHED:
        raise error("too_many_batches", most=MOST_UNFINISHED)
    batches.add(batch)


def _check_cancelled(batch: Batch) -> None:
    if batch.status not in ("cancelling", "cancelled"):
        raise error("batch_not_cancellable")
