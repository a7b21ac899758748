"""Who runs which batch. A runner holds a lease on a batch, and nothing is written about one whose lease has gone.

Two runners may for a moment both work on a batch, after one of them was silent for too long; only one can record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from kantu.service.batches.record import UNFINISHED, Batch, Item, Problem, Status, problems_as_json
from kantu.service.batches.repository import batch_of
from kantu.service.batches.tables import BatchItemRow, BatchRow

_CLAIMED_AT_ONCE = 16
_ENDED_AT = {
    "completed": BatchRow.completed_at,
    "failed": BatchRow.failed_at,
    "expired": BatchRow.expired_at,
    "cancelled": BatchRow.cancelled_at,
}


class LeaseLostError(Exception):
    """Another runner has the batch by now, or it is in a state that does not fit; nothing was written."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A runner, at one moment.

    Attributes:
        id: its own name, new at each start.
        now: unix seconds.
        until: when its leases end unless renewed.
    """

    id: str
    now: int
    until: int


def claimable(session: Session, holder: Holder, at_work: Collection[str], busy_owners: Collection[str]) -> list[str]:
    """Ids of batches that nobody holds: those with something short to do, and of each other owner the oldest to run.

    Args:
        at_work: batches that the holder is working on, whatever has become of their leases.
        busy_owners: whose batches to run are left alone, because one is being run.
    """
    free = _free(holder) & BatchRow.id.not_in(at_work)
    is_short = or_(BatchRow.status.in_(("validating", "finalizing", "cancelling")), BatchRow.expires_at <= holder.now)
    short = select(BatchRow.id).where(free, BatchRow.status.in_(UNFINISHED), is_short)
    place = func.row_number().over(partition_by=BatchRow.owner, order_by=(BatchRow.created_at, BatchRow.id))
    ranked = select(BatchRow.id, BatchRow.created_at, place.label("place")).where(
        free, BatchRow.status == "in_progress", BatchRow.owner.not_in(busy_owners)
    )
    oldest = ranked.subquery()
    long = select(oldest.c.id).where(oldest.c.place == 1).order_by(oldest.c.created_at)
    found = [*session.scalars(short.order_by(BatchRow.created_at).limit(_CLAIMED_AT_ONCE))]
    return list(dict.fromkeys([*found, *session.scalars(long.limit(_CLAIMED_AT_ONCE))]))


def claim(session: Session, batch_ids: Sequence[str], holder: Holder) -> list[Batch]:
    """Those of some batches that nobody else was faster to take."""
    claimed: list[Batch] = []
    for batch_id in batch_ids:
        query = update(BatchRow).where(BatchRow.id == batch_id, _free(holder), BatchRow.status.in_(UNFINISHED))
        query = query.values(lease_owner=holder.id, lease_expires_at=holder.until)
        if session.execute(query.returning(BatchRow.id)).first() is not None:
            claimed.append(batch_of(session.get_one(BatchRow, batch_id, populate_existing=True)))
    return claimed


def renew(session: Session, holder: Holder, batch_ids: Collection[str]) -> dict[str, Status]:
    """Prolong leases; those of some batches that the holder still has, and their states."""
    query = update(BatchRow).where(BatchRow.lease_owner == holder.id, BatchRow.id.in_(batch_ids))
    query = query.values(lease_expires_at=holder.until)
    rows = session.execute(query.returning(BatchRow.id, BatchRow.status))
    return {row.id: row.status for row in rows}


def held(session: Session, holder_id: str) -> dict[str, Status]:
    """The batches that a holder has, and their states."""
    query = select(BatchRow.id, BatchRow.status).where(BatchRow.lease_owner == holder_id)
    return {row.id: row.status for row in session.execute(query)}


def look(session: Session, batch_id: str, holder_id: str | None = None) -> Batch:
    """A batch as it is now.

    Raises:
        LeaseLostError: `holder_id` does not have it.
    """
    query = select(BatchRow).where(BatchRow.id == batch_id)
    if holder_id is not None:
        query = query.where(BatchRow.lease_owner == holder_id)
    row = session.scalar(query)
    if row is None:
        raise LeaseLostError
    return batch_of(row)


def release(session: Session, holder_id: str, batch_id: str | None = None) -> None:
    """Give back one lease, or all."""
    query = update(BatchRow).where(BatchRow.lease_owner == holder_id)
    if batch_id is not None:
        query = query.where(BatchRow.id == batch_id)
    session.execute(query.values(lease_owner=None, lease_expires_at=0))


def start(session: Session, holder: Holder, batch_id: str, total: int) -> None:
    """From validating to in progress. The lease is given back: one batch of each owner is run at a time.

    Raises:
        LeaseLostError.
    """
    query = update(BatchRow).where(_held(holder, batch_id), BatchRow.status == "validating")
    query = query.values(status="in_progress", in_progress_at=holder.now, total=total)
    query = query.values(lease_owner=None, lease_expires_at=0)
    _need_one(session.execute(query.returning(BatchRow.id)).first())


def record(session: Session, holder: Holder, batch_id: str, items: Sequence[Item]) -> None:
    """Keep results of lines; from then on these are done. Recording one again changes nothing.

    Raises:
        LeaseLostError.
    """
    query = select(BatchItemRow.line).where(BatchItemRow.batch_id == batch_id)
    done = set(session.scalars(query.where(BatchItemRow.line.in_([item.line for item in items]))))
    new = [item for item in items if item.line not in done]
    succeeded = sum(item.succeeded for item in new)
    change = update(BatchRow).where(_held(holder, batch_id), BatchRow.status.in_(("in_progress", "cancelling")))
    change = change.values(completed=BatchRow.completed + succeeded, failed=BatchRow.failed + (len(new) - succeeded))
    _need_one(session.execute(change.returning(BatchRow.id)).first())
    for item in new:
        session.add(
            BatchItemRow(
                batch_id=batch_id,
                line=item.line,
                custom_id=item.custom_id,
                status="succeeded" if item.succeeded else "failed",
                result=item.result,
            )
        )


def recorded(session: Session, batch_id: str) -> set[int]:
    """The lines that are done."""
    return set(session.scalars(select(BatchItemRow.line).where(BatchItemRow.batch_id == batch_id)))


def results(session: Session, batch_id: str, succeeded: bool, after: int, limit: int) -> list[tuple[int, str]]:
    """(line, result) of up to `limit` lines behind `after`, in order."""
    query = select(BatchItemRow.line, BatchItemRow.result).where(
        BatchItemRow.batch_id == batch_id,
        BatchItemRow.status == ("succeeded" if succeeded else "failed"),
        BatchItemRow.line > after,
    )
    return [(row.line, row.result) for row in session.execute(query.order_by(BatchItemRow.line).limit(limit))]


def finalize(session: Session, holder: Holder, batch_id: str) -> None:
    """From in progress to finalizing: from here on it cannot be cancelled.

    Raises:
        LeaseLostError: also where it was cancelled meanwhile.
    """
    query = update(BatchRow).where(_held(holder, batch_id), BatchRow.status == "in_progress")
    query = query.values(status="finalizing", finalizing_at=holder.now)
    _need_one(session.execute(query.returning(BatchRow.id)).first())


def finish(
    session: Session,
    holder: Holder,
    batch: Batch,
    status: Status,
    *,
    output_file_id: str | None = None,
    error_file_id: str | None = None,
    problems: Sequence[Problem] = (),
    also: Callable[[Session], None] | None = None,
) -> None:
    """End a batch: its state, its files and the end of its items are one change.

    Args:
        also: what belongs to the same transaction.

    Raises:
        LeaseLostError: also where its state is no longer that of `batch`.
    """
    query = update(BatchRow).where(_held(holder, batch.id), BatchRow.status == batch.status)
    query = query.values(
        {
            BatchRow.status: status,
            _ENDED_AT[status]: holder.now,
            BatchRow.output_file_id: output_file_id,
            BatchRow.error_file_id: error_file_id,
            BatchRow.errors: problems_as_json(tuple(problems)),
            BatchRow.lease_owner: None,
            BatchRow.lease_expires_at: 0,
        }
    )
    _need_one(session.execute(query.returning(BatchRow.id)).first())
    if also is not None:
        also(session)
    session.execute(delete(BatchItemRow).where(BatchItemRow.batch_id == batch.id))


def _free(holder: Holder) -> ColumnElement[bool]:
    """A lease of its own that the holder does not know of is one that it could not give back."""
    is_own = BatchRow.lease_owner == holder.id
    return or_(BatchRow.lease_owner.is_(None), BatchRow.lease_expires_at <= holder.now, is_own)


def _held(holder: Holder, batch_id: str) -> ColumnElement[bool]:
    return (BatchRow.id == batch_id) & (BatchRow.lease_owner == holder.id)


def _need_one(changed: object) -> None:
    if changed is None:
        raise LeaseLostError
