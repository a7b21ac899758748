"""Rows of files. Every query of an owner's is scoped by the repository it is asked of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import ColumnElement, Select, delete, select, tuple_
from sqlalchemy.orm import Session

from kantu.service.files import usage
from kantu.service.files.quota import Quota
from kantu.service.files.record import FileRecord, Purpose, is_file_id
from kantu.service.files.tables import FileRow

Order = Literal["asc", "desc"]


class FileRepository:
    """The files of one owner at one time, within one transaction; expired ones are not there."""

    def __init__(self, session: Session, owner: str, now: int) -> None:
        self._session, self._owner, self._now = session, owner, now

    def add(self, record: FileRecord, quota: Quota | None = None) -> None:
        """Insert a row; it is this owner's whatever `record` says.

        Args:
            quota: None where the record's bytes have been counted before.

        Raises:
            InvalidRequestError, StoreError: as `quota.check`.
        """
        if quota is None:
            usage.change(self._session, self._owner, files=1, size=record.size)
        else:
            usage.claim(self._session, self._owner, quota, files=1, size=record.size)
        self._session.add(
            FileRow(
                id=record.id,
                owner=self._owner,
                filename=record.filename,
                purpose=record.purpose,
                size=record.size,
                created_at=record.created_at,
                expires_at=record.expires_at,
            )
        )

    def get(self, file_id: str) -> FileRecord | None:
        """One file, or None."""
        if not is_file_id(file_id):
            return None
        row = self._session.scalar(self._select().where(FileRow.id == file_id))
        return None if row is None else _record(row)

    def list(
        self, *, purpose: Purpose | None, after: FileRecord | None, limit: int, order: Order
    ) -> Sequence[FileRecord]:
        """Up to `limit` files by time of creation, behind `after`."""
        query = self._select()
        if purpose is not None:
            query = query.where(FileRow.purpose == purpose)
        place = tuple_(FileRow.created_at, FileRow.id)
        if after is not None:
            here = (after.created_at, after.id)
            query = query.where(place > here if order == "asc" else place < here)
        keys = (FileRow.created_at, FileRow.id)
        query = query.order_by(*(keys if order == "asc" else [key.desc() for key in keys])).limit(limit)
        return [_record(row) for row in self._session.scalars(query)]

    def delete(self, file_id: str) -> bool:
        """Whether there was such a file."""
        if not is_file_id(file_id):
            return False
        query = delete(FileRow).where(FileRow.id == file_id, *self._visible())
        size = self._session.scalar(query.returning(FileRow.size))
        if size is None:
            return False
        usage.change(self._session, self._owner, files=-1, size=-size)
        return True

    def _visible(self) -> tuple[ColumnElement[bool], ...]:
        return FileRow.owner == self._owner, FileRow.expires_at > self._now

    def _select(self) -> Select[FileRow]:
        return select(FileRow).where(*self._visible())


def delete_expired(session: Session, now: int, limit: int, owner: str | None = None) -> list[str]:
    """Delete the rows of up to `limit` expired files; their ids.

    Args:
        owner: whose; None is anybody's.
    """
    expired = select(FileRow.id).where(FileRow.expires_at <= now)
    if owner is not None:
        expired = expired.where(FileRow.owner == owner)
    ids = list(session.scalars(expired.limit(limit)))
    freed: defaultdict[str, list[int]] = defaultdict(list)
    query = delete(FileRow).where(FileRow.id.in_(ids)).returning(FileRow.owner, FileRow.size)
    for row in session.execute(query):
        freed[row.owner].append(row.size)
    for name, sizes in sorted(freed.items()):  # in one order, so that no two wait for each other
        usage.change(session, name, files=-len(sizes), size=-sum(sizes))
    return ids


def has_expired(session: Session, now: int, owner: str) -> bool:
    """Whether the owner has files that wait to be deleted."""
    query = select(FileRow.id).where(FileRow.owner == owner, FileRow.expires_at <= now)
    return session.scalar(query.limit(1)) is not None


def known_ids(session: Session, ids: Sequence[str]) -> set[str]:
    """Those of some ids that have a row, expired or not."""
    return set(session.scalars(select(FileRow.id).where(FileRow.id.in_(ids))))


def _record(row: FileRow) -> FileRecord:
    return FileRecord(
        id=row.id,
        owner=row.owner,
        filename=row.filename,
        purpose=row.purpose,  # type: ignore[arg-type]  # only records are written
        size=row.size,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
