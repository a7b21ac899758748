"""The tables of batches, and what an owner has in them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.batches.record import BATCH_IDS, UNFINISHED, Batch, Problem, Status, batch_not_found
from kantu.service.database import Base, Owned
from kantu.service.database.base import JsonOf
from kantu.service.database.owners import of_everybody
from kantu.service.database.repository import Repository
from kantu.service.language import Language


class BatchRow(Owned, Base):
    """One batch, and which runner holds it."""

    __tablename__ = "batches"

    key_id: Mapped[str] = mapped_column(String(64))
    language: Mapped[Language] = mapped_column(String(2))
    status: Mapped[Status] = mapped_column(String(16), index=True)
    endpoint: Mapped[str] = mapped_column(String(64))
    completion_window: Mapped[str] = mapped_column(String(8))
    labels: Mapped[dict[str, str] | None] = mapped_column("metadata", JSON(none_as_null=True))
    input_file_id: Mapped[str] = mapped_column(String(64))
    output_seconds: Mapped[int] = mapped_column(BigInteger)
    output_file_id: Mapped[str | None] = mapped_column(String(64))
    error_file_id: Mapped[str | None] = mapped_column(String(64))
    problems: Mapped[tuple[Problem, ...]] = mapped_column("errors", JsonOf(tuple[Problem, ...], ()), nullable=True)
    total: Mapped[int] = mapped_column(BigInteger)
    completed: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    in_progress_at: Mapped[int | None] = mapped_column(BigInteger)
    finalizing_at: Mapped[int | None] = mapped_column(BigInteger)
    completed_at: Mapped[int | None] = mapped_column(BigInteger)
    failed_at: Mapped[int | None] = mapped_column(BigInteger)
    expired_at: Mapped[int | None] = mapped_column(BigInteger)
    cancelling_at: Mapped[int | None] = mapped_column(BigInteger)
    cancelled_at: Mapped[int | None] = mapped_column(BigInteger)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_beats: Mapped[int] = mapped_column(BigInteger, server_default="0")
    result_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")


class BatchItemRow(Base):
    """The result of one line, from when it is done until the batch's files are written."""

    __tablename__ = "batch_items"

    batch_id: Mapped[str] = mapped_column(String(64), ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    custom_id: Mapped[str] = mapped_column(String(256))
    status: Mapped[str] = mapped_column(String(16))
    result: Mapped[str] = mapped_column(Text)


class BatchRepository(Repository[BatchRow, Batch]):
    """The batches of one owner."""

    row, record, ids, not_found = BatchRow, Batch, BATCH_IDS, batch_not_found

    def count_unfinished(self) -> int:
        """How many batches are still to end."""
        return self._session.scalar(self._select(func.count()).where(BatchRow.status.in_(UNFINISHED))) or 0

    def cancel(self, batch_id: str, now: int) -> bool:
        """Whether there was such a batch, and one that could be cancelled."""
        query = self._update().where(BatchRow.id == batch_id, BatchRow.status.in_(("validating", "in_progress")))
        query = query.values(status="cancelling", cancelling_at=now)
        return self._session.execute(query.returning(BatchRow.id)).first() is not None


def delete_ended(session: Session, before: int, limit: int) -> int:
    """Delete up to `limit` batches, of all owners, that ended before a time; how many that was.

    What another process is just deleting is left to it.
    """
    ended_at = func.coalesce(BatchRow.completed_at, BatchRow.failed_at, BatchRow.expired_at, BatchRow.cancelled_at)
    ended = select(BatchRow.id).where(BatchRow.status.not_in(UNFINISHED), ended_at < before)
    ids = session.scalars(of_everybody(ended.limit(limit).with_for_update(skip_locked=True))).all()
    deleted = session.execute(of_everybody(delete(BatchRow).where(BatchRow.id.in_(ids))).returning(BatchRow.id))
    return len(deleted.all())


def counts_by_state(session: Session) -> dict[str, int]:
    """How many batches of all owners wait for a runner ("queued"), and are under way ("running")."""
    is_held = BatchRow.lease_owner.is_not(None)
    query = select(is_held, func.count()).where(BatchRow.status.in_(UNFINISHED)).group_by(is_held)
    found = {("running" if held else "queued"): count for held, count in session.execute(of_everybody(query))}
    return {"queued": 0, "running": 0} | found
