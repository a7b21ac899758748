"""The table of logins that came back from the provider, read and written inside a transaction of the caller's."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, ForeignKey, String, delete, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.database import Base
from kantu.service.database.repository import record_of


class OidcLoginRow(Base):
    """An attempt that was used, until it would be too old anyway; and whose second factor is still missing."""

    __tablename__ = "oidc_logins"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    authenticated_at: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class UsedAttempt:
    """An attempt that the provider has answered. Times are seconds since 1970.

    Attributes:
        id: digest of the attempt.
        person_id: who gives a code of the second factor next; None where nothing is missing.
        authenticated_at: at the provider; 0 is not told.
    """

    id: str
    created_at: int
    expires_at: int
    person_id: str | None
    authenticated_at: int


def add(session: Session, used: UsedAttempt) -> None:
    """Note that an attempt was used, and forget those that are too old.

    Raises:
        sqlalchemy.exc.IntegrityError: it was used before.
    """
    session.execute(delete(OidcLoginRow).where(OidcLoginRow.expires_at <= used.created_at))
    row = OidcLoginRow(
        id=used.id,
        created_at=used.created_at,
        expires_at=used.expires_at,
        person_id=used.person_id,
        authenticated_at=used.authenticated_at,
    )
    session.add(row)
    session.flush()


def find(session: Session, digest: str) -> UsedAttempt | None:
    """The attempt with this digest, if it has been used."""
    row = session.get(OidcLoginRow, digest, populate_existing=True)
    return None if row is None else record_of(UsedAttempt, row)


def finish(session: Session, digest: str) -> bool:
    """Note that the second factor was given; whether it was missing until now."""
    waiting = (OidcLoginRow.id == digest) & OidcLoginRow.person_id.is_not(None)
    query = update(OidcLoginRow).where(waiting).values(person_id=None).returning(OidcLoginRow.id)
    return session.execute(query).first() is not None
