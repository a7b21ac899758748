"""Who runs which batch. A runner holds a lease on a batch, and nothing is written about one whose lease has gone.

Two runners may for a moment both work on a batch, after one of them was silent for too long; only one can record.
A holder renews its leases by counting them up; `Silence` tells others that it does not: no two clocks are compared,
and none can be set.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.batches.record import UNFINISHED, Batch, Item, Problem, Status
from kantu.service.batches.repository import BatchItemRow, BatchRow
from kantu.service.database.owners import of_everybody
from kantu.service.database.repository import record_of

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
    """

    id: str
    now: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease at one moment. Its holder adds to `beats` whenever it renews it."""

    batch_id: str
    owner: str
    beats: int


class Silence:
    """Remembers since when each lease has not changed. Of one observer.

    Args:
        seconds: how long a holder may be silent.
        clock: seconds, never going back.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._since: dict[Lease, float] = {}
        self._looked_at = clock()

    def broken(self, leases: Collection[Lease]) -> list[Lease]:
        """Those of all leases of others that have not been renewed for too long.

        Who has not looked for so long itself begins anew: the database may have been away, for the holders, too.
        """
        now = self._clock()
        if now - self._looked_at > self._seconds:
            self._since = {}
        self._looked_at = now
        self._since = {lease: self._since.get(lease, now) for lease in leases}
        return [lease for lease, since in self._since.items() if now - since >= self._seconds]


def of_others(session: Session, holder_id: str) -> list[Lease]:
    """All leases that somebody else has."""
    query = _select(BatchRow.id, BatchRow.lease_owner, BatchRow.lease_beats)
    query = query.where(BatchRow.lease_owner.is_not(None), BatchRow.lease_owner != holder_id)
    return [Lease(batch_id, owner or "", beats) for batch_id, owner, beats in session.execute(query)]


def claimable(
    session: Session,
    holder: Holder,
    broken: Collection[Lease],
    at_work: Collection[str],
    busy_owners: Collection[str],
) -> list[str]:
    """Ids of batches that nobody holds: those with something short to do, and of each other owner the oldest to run.

    Args:
        broken: leases whose holders are silent.
        at_work: batches that the holder is working on, whatever has become of their leases.
        busy_owners: whose batches to run are left alone, because one is being run.
    """
    free = _free(holder, broken) & BatchRow.id.not_in(at_work)
    is_short = or_(BatchRow.status.in_(("validating", "finalizing", "cancelling")), BatchRow.expires_at <= holder.now)
    short = _select(BatchRow.id).where(free, BatchRow.status.in_(UNFINISHED), is_short)
    place = func.row_number().over(partition_by=BatchRow.owner, order_by=(BatchRow.created_at, BatchRow.id))
    ranked = select(BatchRow.id, BatchRow.created_at, place.label("place")).where(
        free, BatchRow.status == "in_progress", BatchRow.owner.not_in(busy_owners)
    )
    oldest = ranked.subquery()
    long = _select(oldest.c.id).where(oldest.c.place == 1).order_by(oldest.c.created_at)
    found = [*session.scalars(short.order_by(BatchRow.created_at).limit(_CLAIMED_AT_ONCE))]
    return list(dict.fromkeys([*found, *session.scalars(long.limit(_CLAIMED_AT_ONCE))]))


def claim(session: Session, batch_ids: Sequence[str], holder: Holder, broken: Collection[Lease] = ()) -> list[Batch]:
    """Those of some batches that nobody else was faster to take, or to renew."""
    claimed: list[Batch] = []
    for batch_id in batch_ids:
        query = _update().where(BatchRow.id == batch_id, _free(holder, broken), BatchRow.status.in_(UNFINISHED))
        query = query.values(lease_owner=holder.id, lease_beats=BatchRow.lease_beats + 1)
        row = session.scalar(query.returning(BatchRow))
        if row is not None:
            claimed.append(record_of(Batch, row))
    return claimed


def renew(session: Session, holder: Holder, batch_ids: Collection[str]) -> dict[str, Status]:
    """Prolong leases; those of some batches that the holder still has, and their states."""
    query = _update().where(BatchRow.lease_owner == holder.id, BatchRow.id.in_(batch_ids))
    query = query.values(lease_beats=BatchRow.lease_beats + 1)
    rows = session.execute(query.returning(BatchRow.id, BatchRow.status))
    return {row.id: row.status for row in rows}


def held(session: Session, holder_id: str) -> dict[str, Status]:
    """The batches that a holder has, and their states."""
    query = _select(BatchRow.id, BatchRow.status).where(BatchRow.lease_owner == holder_id)
    return {row.id: row.status for row in session.execute(query)}


def look(session: Session, batch_id: str, holder_id: str | None = None) -> Batch:
    """A batch as it is now.

    Raises:
        LeaseLostError: `holder_id` does not have it.
    """
    query = _select(BatchRow).where(BatchRow.id == batch_id)
    if holder_id is not None:
        query = query.where(BatchRow.lease_owner == holder_id)
    row = session.scalar(query)
    if row is None:
        raise LeaseLostError
    return record_of(Batch, row)


def release(session: Session, holder_id: str, batch_id: str | None = None) -> None:
    """Give back one lease, or all."""
    query = _update().where(BatchRow.lease_owner == holder_id)
    if batch_id is not None:
        query = query.where(BatchRow.id == batch_id)
    session.execute(query.values(lease_owner=None))


def start(session: Session, holder: Holder, batch_id: str, total: int) -> None:
    """From validating to in progress. The lease is given back: one batch of each owner is run at a time.

    Raises:
        LeaseLostError.
    """
    query = _update().where(_held(holder, batch_id), BatchRow.status == "validating")
    query = query.values(status="in_progress", in_progress_at=holder.now, total=total)
    query = query.values(lease_owner=None)
    _need_one(session.execute(query.returning(BatchRow.id)).first())


def record(
    session: Session,
    holder: Holder,
    batch_id: str,
    items: Sequence[Item],
    *,
    most_bytes: int,
    claim_bytes: Callable[[Session, int], None],
) -> None:
    """Keep results of lines; from then on these are done. Recording one again changes nothing.

    Args:
        most_bytes: of all results of the batch.
        claim_bytes: counts new bytes as stored, within the transaction.

    Raises:
        LeaseLostError.
        InvalidRequestError: `batch_output_too_large`, and what `claim_bytes` raises; nothing is kept then.
    """
    query = select(BatchItemRow.line).where(BatchItemRow.batch_id == batch_id)
    done = set(session.scalars(query.where(BatchItemRow.line.in_([item.line for item in items]))))
    new = [item for item in items if item.line not in done]
    succeeded = sum(item.succeeded for item in new)
    change = _update().where(_held(holder, batch_id), BatchRow.status.in_(("in_progress", "cancelling")))
    change = change.values(completed=BatchRow.completed + succeeded, failed=BatchRow.failed + (len(new) - succeeded))
    size = sum(item.size for item in new)
    change = change.values(result_bytes=BatchRow.result_bytes + size)
    kept = session.scalar(change.returning(BatchRow.result_bytes))
    if kept is None:
        raise LeaseLostError
    if kept > most_bytes:
        raise error("batch_output_too_large", most=most_bytes / 2**20)
    claim_bytes(session, size)
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


def results(
    session: Session, batch_id: str, succeeded: bool, after: int, *, most_lines: int, most_characters: int
) -> list[tuple[int, str]]:
    """(line, result) of the next lines behind `after`, in order: as many as asked for, or one that is longer."""
    mine = (
        BatchItemRow.batch_id == batch_id,
        BatchItemRow.status == ("succeeded" if succeeded else "failed"),
        BatchItemRow.line > after,
    )
    lengths = select(BatchItemRow.line, func.length(BatchItemRow.result)).where(*mine)
    last, characters = after, 0
    for line, length in session.execute(lengths.order_by(BatchItemRow.line).limit(most_lines)):
        characters += length
        if last != after and characters > most_characters:
            break
        last = line
    query = select(BatchItemRow.line, BatchItemRow.result).where(*mine, BatchItemRow.line <= last)
    return [(row.line, row.result) for row in session.execute(query.order_by(BatchItemRow.line))]


def finalize(session: Session, holder: Holder, batch_id: str) -> None:
    """From in progress to finalizing: from here on it cannot be cancelled.

    Raises:
        LeaseLostError: also where it was cancelled meanwhile.
    """
    query = _update().where(_held(holder, batch_id), BatchRow.status == "in_progress")
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
    also: Callable[[Session, int], None] | None = None,
) -> None:
    """End a batch: its state, its files and the end of its items are one change.

    Args:
        also: what belongs to the same transaction, with the bytes of results that were claimed.

    Raises:
        LeaseLostError: also where its state is no longer that of `batch`.
    """
    claimed = session.scalar(_select(BatchRow.result_bytes).where(BatchRow.id == batch.id)) or 0
    query = _update().where(_held(holder, batch.id), BatchRow.status == batch.status)
    query = query.values(
        {
            BatchRow.status: status,
            _ENDED_AT[status]: holder.now,
            BatchRow.output_file_id: output_file_id,
            BatchRow.error_file_id: error_file_id,
            BatchRow.problems: tuple(problems),
            BatchRow.lease_owner: None,
            BatchRow.result_bytes: 0,
        }
    )
    _need_one(session.execute(query.returning(BatchRow.id)).first())
    if also is not None:
        also(session, claimed)
    session.execute(delete(BatchItemRow).where(BatchItemRow.batch_id == batch.id))


def _select(*columns: Any) -> Select[Any]:
    return of_everybody(select(*columns))  # a runner works for all owners


def _update() -> Update:
    return of_everybody(update(BatchRow))


def _free(holder: Holder, broken: Collection[Lease]) -> ColumnElement[bool]:
    """A lease of its own that the holder does not know of is one that it could not give back."""
    is_broken = [
        and_(BatchRow.id == lease.batch_id, BatchRow.lease_owner == lease.owner, BatchRow.lease_beats == lease.beats)
        for lease in broken
    ]
    return or_(BatchRow.lease_owner.is_(None), BatchRow.lease_owner == holder.id, *is_broken)


def _held(holder: Holder, batch_id: str) -> ColumnElement[bool]:
    return (BatchRow.id == batch_id) & (BatchRow.lease_owner == holder.id)


def _need_one(changed: object) -> None:
    if changed is None:
        raise LeaseLostError
