"""The table of files, and what an owner has in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.database import Base, Owned
from kantu.service.database.owners import of_everybody, of_owner
from kantu.service.database.repository import Paging, Repository
from kantu.service.files import usage
from kantu.service.files.quota import Quota
from kantu.service.files.record import FILE_IDS, FileRecord, Purpose, file_not_found


class FileRow(Owned, Base):
    """One file; its content is on disk under its id."""

    __tablename__ = "files"

    filename: Mapped[str] = mapped_column(String(255))
    purpose: Mapped[Purpose] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class FileRepository(Repository[FileRow, FileRecord]):
    """The files of one owner at one time; expired ones are not there."""

    row, record, ids, not_found = FileRow, FileRecord, FILE_IDS, file_not_found

    def __init__(self, session: Session, owner: str, now: int) -> None:
        super().__init__(session, owner)
        self._now = now

    def add(self, record: FileRecord, quota: Quota | None = None) -> None:
        """Insert a row, and count its bytes.

        Args:
            quota: None where the record's bytes have been counted before.

        Raises:
            InvalidRequestError, StoreError: as `quota.check`.
        """
        if quota is None:
            usage.change(self._session, self._owner, files=1, size=record.size)
        else:
            usage.claim(self._session, self._owner, quota, files=1, size=record.size)
        super().add(record)

    def page_for(self, purpose: Purpose | None, paging: Paging) -> tuple[list[FileRecord], bool]:
        """A page of the files of one purpose; None is any. See `page`."""
        return self.page(paging, *([] if purpose is None else [FileRow.purpose == purpose]))

    def delete(self, record_id: str) -> FileRecord:
        """Delete a row, and no longer count its bytes. Raises NotFoundError."""
        deleted = super().delete(record_id)
        usage.change(self._session, self._owner, files=-1, size=-deleted.size)
        return deleted

    def _visible(self) -> tuple[ColumnElement[bool], ...]:
        return (FileRow.expires_at > self._now,)


def delete_expired(session: Session, now: int, limit: int, owner: str | None = None) -> list[str]:
    """Delete the rows of up to `limit` expired files; their ids. What another process is just deleting is left to it.

    Args:
        owner: whose; None is anybody's.
    """
    expired = of_everybody(select(FileRow.id).where(FileRow.expires_at <= now))
    if owner is not None:
        expired = expired.where(FileRow.owner == owner)
    return delete_rows(session, session.scalars(expired.limit(limit).with_for_update(skip_locked=True)).all())


def delete_rows(session: Session, ids: Sequence[str]) -> list[str]:
    """Delete the rows of some files, of all owners, and no longer count their bytes; the ids of those there were."""
    deleted: list[str] = []
    freed: defaultdict[str, list[int]] = defaultdict(list)
    query = of_everybody(delete(FileRow).where(FileRow.id.in_(ids)))
    for row in session.execute(query.returning(FileRow.id, FileRow.owner, FileRow.size)):
        deleted.append(row.id)
        freed[row.owner].append(row.size)
    for name, sizes in sorted(freed.items()):  # in one order, so that no two wait for each other
        usage.change(session, name, files=-len(sizes), size=-sum(sizes))
    return deleted


def all_ids(session: Session) -> list[str]:
    """Of the files of all owners, expired or not."""
    return list(session.scalars(of_everybody(select(FileRow.id)).order_by(FileRow.id)))


def has_expired(session: Session, now: int, owner: str) -> bool:
    """Whether the owner has files that wait to be deleted."""
    query = of_owner(select(FileRow.id), FileRow.owner == owner).where(FileRow.expires_at <= now)
    return session.scalar(query.limit(1)) is not None


def known_ids(session: Session, ids: Sequence[str]) -> set[str]:
    """Those of some ids that have a row, expired or not."""
    return set(session.scalars(of_everybody(select(FileRow.id).where(FileRow.id.in_(ids)))))
