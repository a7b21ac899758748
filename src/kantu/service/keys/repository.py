"""The table of API keys, read and written inside a transaction of the caller's.

Keys are the administrator's: no owner lists or changes them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, String, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.actor import Limits
from kantu.service.database import Base
from kantu.service.database.base import JsonOf
from kantu.service.database.repository import fields_of, record_of
from kantu.service.keys.api_key import ApiKey


class ApiKeyRow(Base):
    """A key's digest and what it may do; the key itself is nowhere."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    models: Mapped[tuple[str, ...] | None] = mapped_column(JsonOf(tuple[str, ...]))
    endpoints: Mapped[tuple[str, ...] | None] = mapped_column(JsonOf(tuple[str, ...]))
    limits: Mapped[Limits] = mapped_column(JsonOf(Limits))
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)


def add(session: Session, key: ApiKey, digest: str) -> None:
    """Keep a new key.

    Raises:
        sqlalchemy.exc.IntegrityError: its id or digest is there already.
    """
    session.add(ApiKeyRow(**fields_of(key), digest=digest))
    session.flush()


def find_by_digest(session: Session, digest: str) -> ApiKey | None:
    """The key with this digest.

    An index lookup takes no constant time, and need not: what it compares are digests of what was sent, and nobody can
    choose texts whose digests come closer to one that is kept.
    """
    row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.digest == digest))
    return None if row is None else record_of(ApiKey, row)


def find(session: Session, key_id: str) -> ApiKey | None:
    """The key with this id."""
    row = session.get(ApiKeyRow, key_id, populate_existing=True)
    return None if row is None else record_of(ApiKey, row)


def find_all(session: Session) -> list[ApiKey]:
    """Every key there ever was, oldest first."""
    query = select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
    return [record_of(ApiKey, row) for row in session.scalars(query)]


def exists_any(session: Session) -> bool:
    """Whether there ever was a key."""
    return session.scalar(select(ApiKeyRow.id).limit(1)) is not None


def set_revoked(session: Session, key_id: str, now: int) -> None:
    """Revoke a key that is not revoked yet."""
    unrevoked = (ApiKeyRow.id == key_id) & ApiKeyRow.revoked_at.is_(None)
    session.execute(update(ApiKeyRow).where(unrevoked).values(revoked_at=now))


def set_used(session: Session, key_id: str, now: int) -> None:
    """Note that a key was used at `now`, unless a later use is noted."""
    earlier = or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at < now)
    session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id, earlier).values(last_used_at=now))
