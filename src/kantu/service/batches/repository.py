"""Batches of one owner. Every query is scoped by the repository it is asked of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from kantu.service.batches.record import UNFINISHED, Batch, is_batch_id, problems_as_json, problems_from_json
from kantu.service.batches.tables import BatchRow


class BatchRepository:
    """The batches of one owner, within one transaction."""

    def __init__(self, session: Session, owner: str) -> None:
        self._session, self._owner = session, owner

    def add(self, batch: Batch) -> None:
        """Insert a new batch; it is this owner's whatever `batch` says."""
        self._session.add(
            BatchRow(
                id=batch.id,
                owner=self._owner,
                key_id=batch.key_id,
                language=batch.language,
                status=batch.status,
                endpoint=batch.endpoint,
                completion_window=batch.completion_window,
                labels=batch.metadata,
                input_file_id=batch.input_file_id,
                output_seconds=batch.output_seconds,
                errors=problems_as_json(batch.problems),
                total=batch.total,
                completed=batch.completed,
                failed=batch.failed,
                created_at=batch.created_at,
                expires_at=batch.expires_at,
                lease_owner=None,
                lease_beats=0,
                result_bytes=0,
            )
        )

    def get(self, batch_id: str) -> Batch | None:
        """One batch, or None."""
        if not is_batch_id(batch_id):
            return None
        row = self._session.scalar(select(BatchRow).where(BatchRow.id == batch_id, BatchRow.owner == self._owner))
        return None if row is None else batch_of(row)

    def list(self, *, after: Batch | None, limit: int) -> Sequence[Batch]:
        """Up to `limit` batches, the newest first, behind `after`."""
        query = select(BatchRow).where(BatchRow.owner == self._owner)
        if after is not None:
            query = query.where(tuple_(BatchRow.created_at, BatchRow.id) < (after.created_at, after.id))
        query = query.order_by(BatchRow.created_at.desc(), BatchRow.id.desc()).limit(limit)
        return [batch_of(row) for row in self._session.scalars(query)]

    def count_unfinished(self) -> int:
        """How many batches are still to end."""
        query = select(func.count()).select_from(BatchRow)
        query = query.where(BatchRow.owner == self._owner, BatchRow.status.in_(UNFINISHED))
        return self._session.scalar(query) or 0

    def cancel(self, batch_id: str, now: int) -> bool:
        """Whether there was such a batch, and one that could be cancelled."""
        cancellable = BatchRow.status.in_(("validating", "in_progress"))
        query = update(BatchRow).where(BatchRow.id == batch_id, BatchRow.owner == self._owner, cancellable)
        query = query.values(status="cancelling", cancelling_at=now)
        return self._session.execute(query.returning(BatchRow.id)).first() is not None


def batch_of(row: BatchRow) -> Batch:
    """The record of a row."""
    return Batch(
        id=row.id,
        owner=row.owner,
        key_id=row.key_id,
        language=row.language,  # type: ignore[arg-type]  # only records are written
        status=row.status,  # type: ignore[arg-type]
        input_file_id=row.input_file_id,
        output_seconds=row.output_seconds,
        metadata=row.labels,
        created_at=row.created_at,
        expires_at=row.expires_at,
        endpoint=row.endpoint,
        completion_window=row.completion_window,
        total=row.total,
        completed=row.completed,
        failed=row.failed,
        problems=problems_from_json(row.errors),
        output_file_id=row.output_file_id,
        error_file_id=row.error_file_id,
        in_progress_at=row.in_progress_at,
        finalizing_at=row.finalizing_at,
        completed_at=row.completed_at,
        failed_at=row.failed_at,
        expired_at=row.expired_at,
        cancelling_at=row.cancelling_at,
        cancelled_at=row.cancelled_at,
    )


def delete_ended(session: Session, before: int, limit: int) -> int:
    """Delete up to `limit` batches, of all owners, that ended before a time; how many that was."""
    ended_at = func.coalesce(BatchRow.completed_at, BatchRow.failed_at, BatchRow.expired_at, BatchRow.cancelled_at)
    query = select(BatchRow.id).where(BatchRow.status.not_in(UNFINISHED), ended_at < before).limit(limit)
    ids = list(session.scalars(query))
    session.execute(delete(BatchRow).where(BatchRow.id.in_(ids)))
    return len(ids)


def counts_by_state(session: Session) -> dict[str, int]:
    """How many batches of all owners wait for a runner ("queued"), and are under way ("running")."""
    rows = session.execute(
        select(BatchRow.lease_owner.is_not(None), func.count())
        .where(BatchRow.status.in_(UNFINISHED))
        .group_by(BatchRow.lease_owner.is_not(None))
    )
    found = {("running" if held else "queued"): count for held, count in rows}
    return {"queued": 0, "running": 0} | found
