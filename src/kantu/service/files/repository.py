"""Rows of files. Every query of an owner's is scoped by the repository it is asked of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import ColumnElement, Select, delete, func, select, text, tuple_
from sqlalchemy.orm import Session

from kantu.service.files.record import FileRecord, Purpose, is_file_id
from kantu.service.files.tables import FileRow

Order = Literal["asc", "desc"]

_COUNT_LOCK = 0x66696C65  # "file": with the owner's hash, the name of the lock below


class FileRepository:
    """The files of one owner at one time, within one transaction; expired ones are not there."""

    def __init__(self, session: Session, owner: str, now: int) -> None:
        self._session, self._owner, self._now = session, owner, now

    def add(self, record: FileRecord) -> None:
        """Insert a row; it is this owner's whatever `record` says."""
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

    def count(self) -> int:
        """How many files there are; nobody else adds one until this transaction ends.

        SQLite has one writer at a time anyway; PostgreSQL is asked for a lock.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(
                text("SELECT pg_advisory_xact_lock(:kind, hashtext(:owner))"),
                {"kind": _COUNT_LOCK, "owner": self._owner},
            )
        query = select(func.count()).select_from(FileRow).where(*self._visible())
        return self._session.scalar(query) or 0

    def delete(self, file_id: str) -> bool:
        """Whether there was such a file."""
        if not is_file_id(file_id):
            return False
        done = self._session.execute(
            delete(FileRow).where(FileRow.id == file_id, *self._visible()).returning(FileRow.id)
        )
        return done.first() is not None

    def _visible(self) -> tuple[ColumnElement[bool], ...]:
        return FileRow.owner == self._owner, FileRow.expires_at > self._now

    def _select(self) -> Select[FileRow]:
        return select(FileRow).where(*self._visible())


def delete_expired(session: Session, now: int, limit: int) -> list[str]:
    """Delete the rows of up to `limit` expired files of any owner; their ids."""
    ids = list(session.scalars(select(FileRow.id).where(FileRow.expires_at <= now).limit(limit)))
    session.execute(delete(FileRow).where(FileRow.id.in_(ids)))
    return ids


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
