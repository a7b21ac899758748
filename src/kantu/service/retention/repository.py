"""The tables of kept exchanges, and what an owner has in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, LargeBinary, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.database import Base, Owned
from kantu.service.database.owners import of_everybody, of_owner
from kantu.service.database.repository import Repository, fields_of
from kantu.service.gcm import CipherName
from kantu.service.retention.record import HISTORY_IDS, HistoryRecord, history_not_found


class HistoryRow(Owned, Base):
    """One exchange. What is said in it is sealed."""

    __tablename__ = "history"

    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    cipher: Mapped[CipherName] = mapped_column(String(16))
    master_key_id: Mapped[str] = mapped_column(String(32), index=True)
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    pictures: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    summary: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class HistoryPictureRow(Base):
    """One picture of an exchange, sealed with its data key."""

    __tablename__ = "history_pictures"

    history_id: Mapped[str] = mapped_column(String(64), ForeignKey("history.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class HistoryRepository(Repository[HistoryRow, HistoryRecord]):
    """The exchanges of one owner at one time; expired ones are not there."""

    row, record, ids, not_found = HistoryRow, HistoryRecord, HISTORY_IDS, history_not_found

    def __init__(self, session: Session, owner: str, now: int) -> None:
        super().__init__(session, owner)
        self._now = now

    def add_with(self, record: HistoryRecord, content: bytes) -> None:
        """Insert an exchange and its sealed content."""
        self._session.add(HistoryRow(**fields_of(record) | {"owner": self._owner, "content": content}))

    def content(self, record_id: str) -> bytes:
        """The content, sealed. Raises NotFoundError (`history_not_found`)."""
        content: bytes | None = self._session.scalar(self._select(HistoryRow.content).where(HistoryRow.id == record_id))
        if content is None:
            raise history_not_found()
        return content

    def make_room(self, size: int, most_bytes: int) -> int:
        """Delete the oldest ones until `size` more bytes are within `most_bytes`; how many that were."""
        sizes = of_owner(select(HistoryRow.id, HistoryRow.size), HistoryRow.owner == self._owner)
        stored = of_owner(select(func.sum(HistoryRow.size)), HistoryRow.owner == self._owner)
        excess = int(self._session.scalar(stored) or 0) + size - most_bytes
        if excess <= 0:
            return 0
        gone: list[str] = []
        for row in self._session.execute(sizes.order_by(HistoryRow.created_at, HistoryRow.id)):
            gone.append(row.id)
            excess -= row.size
            if excess <= 0:
                break
        owned = of_owner(delete(HistoryRow), HistoryRow.owner == self._owner)
        self._session.execute(owned.where(HistoryRow.id.in_(gone)))
        return len(gone)

    def add_picture(self, record_id: str, number: int, content: bytes) -> bool:
        """Add a picture to an exchange; whether that is still there."""
        there = self._select(HistoryRow.id).where(HistoryRow.id == record_id).with_for_update(read=True)
        if self._session.scalar(there) is None:
            return False
        self._session.add(HistoryPictureRow(history_id=record_id, number=number, content=content))
        return True

    def picture(self, record_id: str, number: int) -> bytes:
        """A picture, sealed. Raises NotFoundError (`history_not_found`)."""
        query = self._select(HistoryPictureRow.content).join(HistoryRow, HistoryRow.id == HistoryPictureRow.history_id)
        fits = HISTORY_IDS.fits(record_id)
        named = (HistoryPictureRow.history_id == record_id, HistoryPictureRow.number == number)
        content: bytes | None = self._session.scalar(query.where(*named)) if fits else None
        if content is None:
            raise history_not_found()
        return content

    def delete_all(self) -> int:
        """Delete every exchange of the owner, and say how many there were."""
        owned = of_owner(delete(HistoryRow), HistoryRow.owner == self._owner)  # expired ones, too
        return len(self._session.scalars(owned.returning(HistoryRow.id)).all())

    def _visible(self) -> tuple[ColumnElement[bool], ...]:
        return (HistoryRow.expires_at > self._now,)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The data key of an exchange, and all that it takes to wrap it anew."""

    id: str
    owner: str
    created_at: int
    cipher: CipherName
    master_key_id: str
    wrapped_key: bytes


def delete_expired(session: Session, now: int, limit: int) -> int:
    """Delete up to `limit` expired exchanges; how many that was."""
    ids = list(session.scalars(of_everybody(select(HistoryRow.id).where(HistoryRow.expires_at <= now)).limit(limit)))
    session.execute(of_everybody(delete(HistoryRow).where(HistoryRow.id.in_(ids))))
    return len(ids)


def wrapped_by_others(session: Session, key_id: str, limit: int) -> Sequence[Wrapped]:
    """Up to `limit` data keys that another master key has wrapped."""
    columns = (
        *(HistoryRow.id, HistoryRow.owner, HistoryRow.created_at),
        *(HistoryRow.cipher, HistoryRow.master_key_id, HistoryRow.wrapped_key),
    )
    found = of_everybody(select(*columns).where(HistoryRow.master_key_id != key_id)).limit(limit)
    return [Wrapped(*row) for row in session.execute(found)]


def rewrap(session: Session, wrapped: Wrapped, master_key_id: str, wrapped_key: bytes) -> None:
    """Put another wrapping in place of the one that is known, unless somebody else has."""
    same = (HistoryRow.id == wrapped.id, HistoryRow.wrapped_key == wrapped.wrapped_key)
    change = of_everybody(update(HistoryRow).where(*same))
    session.execute(change.values(master_key_id=master_key_id, wrapped_key=wrapped_key))
