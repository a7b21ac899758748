"""The table of sessions, read and written inside a transaction of the caller's. Those that are over are gone."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.database import Base
from kantu.service.database.repository import fields_of, record_of
from kantu.service.people.person import Person
from kantu.service.people.repository import PersonRow
from kantu.service.sessions.record import SessionRecord


class SessionRow(Base):
    """One session of one person."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[int] = mapped_column(BigInteger)
    authenticated_at: Mapped[int] = mapped_column(BigInteger)
    last_used_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


def add(session: Session, record: SessionRecord) -> None:
    """Keep a new session."""
    session.add(SessionRow(**fields_of(record)))
    session.flush()


def find(session: Session, digest: str) -> tuple[SessionRecord, Person] | None:
    """The session with this digest and whose it is, good or not."""
    query = select(SessionRow, PersonRow).join(PersonRow, PersonRow.id == SessionRow.person_id)
    row = session.execute(query.where(SessionRow.digest == digest)).one_or_none()
    return None if row is None else (record_of(SessionRecord, row[0]), record_of(Person, row[1]))


def find_of_person(session: Session, person_id: str) -> list[SessionRecord]:
    """Every session of one person, the latest first."""
    query = select(SessionRow).where(SessionRow.person_id == person_id)
    query = query.order_by(SessionRow.created_at.desc(), SessionRow.id)
    return [record_of(SessionRecord, row) for row in session.scalars(query)]


def set_used(session: Session, session_id: str, now: int) -> None:
    """Note that a session was used at `now`, unless a later use is noted."""
    earlier = (SessionRow.id == session_id) & (SessionRow.last_used_at < now)
    session.execute(update(SessionRow).where(earlier).values(last_used_at=now))


def replace_text(session: Session, session_id: str, digest: str, *, generation: int, now: int) -> None:
    """Give a session another text, and note that the password was given."""
    values = {"digest": digest, "generation": generation, "authenticated_at": now, "last_used_at": now}
    session.execute(update(SessionRow).where(SessionRow.id == session_id).values(**values))


def delete_one(session: Session, person_id: str, session_id: str) -> bool:
    """End one session of a person; whether there was such a one."""
    query = delete(SessionRow).where(SessionRow.id == session_id, SessionRow.person_id == person_id)
    return session.execute(query.returning(SessionRow.id)).first() is not None


def delete_by_digest(session: Session, digest: str) -> list[str]:
    """End the session with this digest; the ids of what has ended."""
    query = delete(SessionRow).where(SessionRow.digest == digest)
    return list(session.scalars(query.returning(SessionRow.id)))


def delete_of_person(session: Session, person_id: str, *, but: int = 0) -> list[str]:
    """End a person's sessions, all but the latest few; the ids of what has ended."""
    ids = [record.id for record in find_of_person(session, person_id)[but:]]
    session.execute(delete(SessionRow).where(SessionRow.id.in_(ids)))
    return ids


def delete_over(session: Session, now: int, idle_since: int, limit: int) -> list[tuple[SessionRecord, bool]]:
    """Forget some of the sessions that are over by their time, and say of each whether it was good until then."""
    query = select(SessionRow, PersonRow.generation).join(PersonRow, PersonRow.id == SessionRow.person_id)
    query = query.where((SessionRow.expires_at <= now) | (SessionRow.last_used_at <= idle_since))
    rows = session.execute(query.order_by(SessionRow.id).limit(limit)).all()
    found = [(record_of(SessionRecord, row), row.generation == generation) for row, generation in rows]
    deleted = delete(SessionRow).where(SessionRow.id.in_([record.id for record, _ in found])).returning(SessionRow.id)
    ours = set(session.scalars(deleted))  # of several services that sweep at once, one records it
    return [(record, is_current) for record, is_current in found if record.id in ours]
