"""The table of events, which is only added to, and the row that says where it ends. Within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    LargeBinary,
    Select,
    String,
    Text,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.errors import error
from kantu.service.audit.event import FIELDS, Entry
from kantu.service.audit.head import Head, Link
from kantu.service.database import Base

_AT_ONCE = 1000  # rows in memory


class AuditRow(Base):
    """One entry. A trigger refuses changes, and deletion of all that has not been archived."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_recorded_ms", "recorded_ms"),
        Index("ix_audit_events_actor_id", "actor_id", "sequence"),
        Index("ix_audit_events_action", "action", "resource", "sequence"),
        Index("ix_audit_events_target_id", "target_id", "sequence"),
        Index("ix_audit_events_tenant", "tenant", "sequence"),
        Index("ix_audit_events_address", "address", "sequence"),
        Index("ix_audit_events_request_id", "request_id"),
    )

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    recorded_ms: Mapped[int] = mapped_column(BigInteger)
    algorithm: Mapped[str] = mapped_column(String(16))
    key_id: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(255))
    actor_kind: Mapped[str] = mapped_column(String(16))
    role: Mapped[str | None] = mapped_column(String(255))
    tenant: Mapped[str | None] = mapped_column(String(255))
    address: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    resource: Mapped[str] = mapped_column(String(32))
    target_id: Mapped[str | None] = mapped_column(String(255))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(8))
    request_id: Mapped[str | None] = mapped_column(String(64))
    session_id: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)


class HeadRow(Base):
    """The one row that every writer locks."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    base_sequence: Mapped[int] = mapped_column(BigInteger)
    base_mac: Mapped[bytes] = mapped_column(LargeBinary)
    sequence: Mapped[int] = mapped_column(BigInteger)
    mac: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_ms: Mapped[int] = mapped_column(BigInteger)
    algorithm: Mapped[str] = mapped_column(String(16))
    key_id: Mapped[str] = mapped_column(String(16))
    seal: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are wanted; None is any.

    Attributes:
        since_ms, until_ms: of `recorded_ms`; the end is not part of it.
    """

    actor_id: str | None = None
    tenant: str | None = None
    action: str | None = None
    resource: str | None = None
    target_id: str | None = None
    result: str | None = None
    request_id: str | None = None
    address: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


_COLUMNS = [getattr(AuditRow, name) for name in FIELDS]
_ONE = HeadRow.id == 1


def exists(session: Session) -> bool:
    """Whether there is a table of events, which databases of older versions have not."""
    return inspect(session.connection()).has_table(AuditRow.__tablename__)


def read_head(session: Session, *, lock: bool = False) -> Head:
    """Where the chain ends.

    Args:
        lock: nobody else adds to the chain until the transaction ends. (SQLite has one writer anyway.)

    Raises:
        StoreError: `audit_chain_broken`: the row is gone, which nothing of ours deletes.
    """
    query = select(*HeadRow.__table__.columns).where(_ONE)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise error("audit_chain_broken")
    base, last = Link(row.base_sequence, row.base_mac), Link(row.sequence, row.mac)
    return Head(base, last, row.recorded_ms, row.algorithm, row.key_id, row.seal)


def write_head(session: Session, head: Head) -> None:
    """Say where the chain ends."""
    session.execute(
        update(HeadRow)
        .where(_ONE)
        .values(
            base_sequence=head.base.sequence,
            base_mac=head.base.mac,
            sequence=head.last.sequence,
            mac=head.last.mac,
            recorded_ms=head.recorded_ms,
            algorithm=head.algorithm,
            key_id=head.key_id,
            seal=head.seal,
        )
        .execution_options(synchronize_session=False)
    )


def append(session: Session, entries: Sequence[Entry]) -> None:
    """Insert entries."""
    session.execute(insert(AuditRow), [asdict(entry) for entry in entries])


def delete_archived(session: Session, base: Link) -> None:
    """Delete the entries up to the base that the head names by now: the trigger allows no others."""
    gone = delete(AuditRow).where(AuditRow.sequence <= base.sequence)
    session.execute(gone.execution_options(synchronize_session=False))


def stream(session: Session, search: Search | None = None, *, after: int = 0) -> Iterator[Entry]:
    """The entries behind one of them, in order, a few at a time in memory."""
    while entries := page_behind(session, search or Search(), after, _AT_ONCE):
        yield from entries
        after = entries[-1].sequence


def find(session: Session, search: Search, *, limit: int, before: int | None = None) -> list[Entry]:
    """The newest entries that are wanted, the newest first.

    Args:
        before: only entries older than the one of this number.
    """
    query = _matching(search)
    if before is not None:
        query = query.where(AuditRow.sequence < before)
    return [Entry(*row) for row in session.execute(query.order_by(AuditRow.sequence.desc()).limit(limit))]


def page_behind(session: Session, search: Search, after: int, limit: int) -> list[Entry]:
    """The next entries that are wanted behind one of them, in order."""
    query = _matching(search).where(AuditRow.sequence > after).order_by(AuditRow.sequence).limit(limit)
    return [Entry(*row) for row in session.execute(query)]


def last_entry(session: Session) -> Entry | None:
    """The entry with the highest number."""
    row = session.execute(select(*_COLUMNS).order_by(AuditRow.sequence.desc()).limit(1)).one_or_none()
    return None if row is None else Entry(*row)


def link_of(session: Session, sequence: int) -> Link:
    """The place of an entry. Raises NotFoundError (`audit_entry_not_found`)."""
    mac = session.scalar(select(AuditRow.mac).where(AuditRow.sequence == sequence))
    if mac is None:
        raise error("audit_entry_not_found", sequence=sequence)
    return Link(sequence, mac)


def _matching(search: Search) -> Select[Any]:
    query = select(*_COLUMNS)
    for name in ("actor_id", "tenant", "action", "resource", "target_id", "result", "request_id", "address"):
        if (wanted := getattr(search, name)) is not None:
            query = query.where(getattr(AuditRow, name) == wanted)
    if search.since_ms is not None:
        query = query.where(AuditRow.recorded_ms >= search.since_ms)
    if search.until_ms is not None:
        query = query.where(AuditRow.recorded_ms < search.until_ms)
    return query
