"""What owners store, counted in the transaction that stores it. Nobody adds to it while another one does."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.database import Base
from kantu.service.files.quota import Quota, Usage, check

_LOCK = 0x66696C65  # "file"; any number that others do not use


class FileUsageRow(Base):
    """What one owner stores: files, and results of batches that are not files yet."""

    __tablename__ = "file_usage"

    owner: Mapped[str] = mapped_column(String(255), primary_key=True)
    files: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)


def usage_of(session: Session, owner: str) -> Usage:
    """What is stored now."""
    row = session.execute(
        select(FileUsageRow.files, FileUsageRow.bytes).where(FileUsageRow.owner == owner)
    ).one_or_none()
    total = session.scalar(select(func.sum(FileUsageRow.bytes))) or 0
    files, size = (0, 0) if row is None else (row.files, row.bytes)
    return Usage(files, size, int(total))


def claim(session: Session, owner: str, quota: Quota, *, files: int = 0, size: int) -> None:
    """Count what is about to be stored. Raises as `quota.check`, and then nothing is counted."""
    _lock(session)
    check(quota, usage_of(session, owner), files=files, size=size)
    change(session, owner, files=files, size=size)


def change(session: Session, owner: str, *, files: int, size: int) -> None:
    """Count what is stored or deleted, quota or not; numbers may be negative."""
    if not _update(session, owner, files, size):
        _lock(session)
        if not _update(session, owner, files, size):  # nobody was faster
            session.add(FileUsageRow(owner=owner, files=files, bytes=size))
            session.flush()


def _update(session: Session, owner: str, files: int, size: int) -> bool:
    query = update(FileUsageRow).where(FileUsageRow.owner == owner)
    query = query.values(files=FileUsageRow.files + files, bytes=FileUsageRow.bytes + size)
    return session.execute(query.returning(FileUsageRow.owner)).first() is not None


def _lock(session: Session) -> None:
    """SQLite has one writer at a time anyway; PostgreSQL is asked for a lock, until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
