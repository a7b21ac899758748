"""The tables of accounts, read and written inside a transaction of the caller's.

Accounts are the administrators': no tenant lists or changes them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, delete, func, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.actor import Role
from kantu.service.database import Base
from kantu.service.database.repository import Paging, fields_of, record_of
from kantu.service.people.person import Person, is_name, person_not_found

_LOCK = 0x6C6F676E  # "logn"; any number that others do not use


class PersonRow(Base):
    """One account."""

    __tablename__ = "people"
    __table_args__ = (Index("ix_people_issuer_subject", "issuer", "subject", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    tenant: Mapped[str] = mapped_column(String(100))
    role: Mapped[Role] = mapped_column(String(16))
    power: Mapped[Role | None] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255))
    password_changed_at: Mapped[int] = mapped_column(BigInteger)
    one_time_until: Mapped[int | None] = mapped_column(BigInteger)
    totp_secret: Mapped[str | None] = mapped_column(String(255))
    totp_since: Mapped[int | None] = mapped_column(BigInteger)
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    generation: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger)
    disabled_at: Mapped[int | None] = mapped_column(BigInteger)
    last_login_at: Mapped[int | None] = mapped_column(BigInteger)
    issuer: Mapped[str | None] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255))


class OldPasswordRow(Base):
    """A password that an account has had."""

    __tablename__ = "old_passwords"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    password_hash: Mapped[str] = mapped_column(String(255))


class RecoveryCodeRow(Base):
    """A code that stands for one of the second factor, once. Those that were used are gone."""

    __tablename__ = "recovery_codes"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)


class LoginFailureRow(Base):
    """How often the password of a name was wrong, whether there is such an account or not."""

    __tablename__ = "login_failures"

    name_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[int] = mapped_column(BigInteger, index=True)


def add(session: Session, person: Person) -> None:
    """Keep a new account.

    Raises:
        sqlalchemy.exc.IntegrityError: its id or name is there already.
    """
    session.add(PersonRow(**fields_of(person)))
    session.flush()


def find(session: Session, person_id: str) -> Person | None:
    """The account with this id."""
    row = session.get(PersonRow, person_id, populate_existing=True)
    return None if row is None else record_of(Person, row)


def lock(session: Session, person_id: str) -> Person | None:
    """The account with this id, which nobody else changes until the transaction ends."""
    row = session.get(PersonRow, person_id, populate_existing=True, with_for_update=True)
    return None if row is None else record_of(Person, row)


def find_by_name(session: Session, name: str) -> Person | None:
    """The account of this name, as `name_of` gives it."""
    if not is_name(name):
        return None
    row = session.scalar(select(PersonRow).where(PersonRow.name == name))
    return None if row is None else record_of(Person, row)


def find_external(session: Session, issuer: str, subject: str) -> Person | None:
    """The account of somebody at an identity provider, which nobody else changes until the transaction ends."""
    query = select(PersonRow).where(PersonRow.issuer == issuer, PersonRow.subject == subject).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    return None if row is None else record_of(Person, row)


def find_all(session: Session) -> list[Person]:
    """Every account there ever was, oldest first."""
    query = select(PersonRow).order_by(PersonRow.created_at, PersonRow.id)
    return [record_of(Person, row) for row in session.scalars(query)]


def page(session: Session, paging: Paging) -> tuple[list[Person], bool]:
    """Accounts by name, and whether there are more behind them.

    Raises:
        NotFoundError: `person_not_found`: `after`.
    """
    query = select(PersonRow).order_by(PersonRow.name)
    if paging.after is not None:
        after = find(session, paging.after)
        if after is None:
            raise person_not_found("after")
        query = query.where(PersonRow.name > after.name)
    found = [record_of(Person, row) for row in session.scalars(query.limit(paging.limit + 1))]
    return found[: paging.limit], len(found) > paging.limit


def exists_any(session: Session) -> bool:
    """Whether there ever was an account."""
    return session.scalar(select(PersonRow.id).limit(1)) is not None


def lock_administrators(session: Session, role: Role, *, local_only: bool = False) -> list[str]:
    """The ids of the active accounts of a role, which nobody else changes until the transaction ends.

    Args:
        local_only: those that log in here and not at an identity provider.
    """
    active = (PersonRow.role == role) & PersonRow.disabled_at.is_(None)
    if local_only:
        active &= PersonRow.issuer.is_(None)
    return list(session.scalars(select(PersonRow.id).where(active).order_by(PersonRow.id).with_for_update()))


def change(session: Session, person_id: str, **values: Any) -> Person:
    """Set columns of an account, which exists, and say what it is now."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(**values))
    changed = find(session, person_id)
    assert changed is not None
    return changed


def renew_hash(session: Session, person: Person, password_hash: str) -> None:
    """Keep the same password under another hash, unless it has been changed meanwhile."""
    same = (PersonRow.id == person.id) & (PersonRow.password_hash == person.password_hash)
    session.execute(update(PersonRow).where(same).values(password_hash=password_hash))


def end_sessions(session: Session, person_id: str) -> None:
    """From the next request on, no session that was begun before is good."""
    query = update(PersonRow).where(PersonRow.id == person_id).values(generation=PersonRow.generation + 1)
    session.execute(query)


def use_totp_step(session: Session, person_id: str, step: int) -> bool:
    """Note that the code of a step was used; whether it was the first time, and no later one was used before."""
    earlier = or_(PersonRow.totp_step.is_(None), PersonRow.totp_step < step)
    query = update(PersonRow).where(PersonRow.id == person_id, earlier).values(totp_step=step)
    return _count(session, query) == 1


def use_recovery_code(session: Session, person_id: str, digest: str) -> bool:
    """Use a recovery code up; whether there was such a one."""
    query = delete(RecoveryCodeRow).where(RecoveryCodeRow.person_id == person_id, RecoveryCodeRow.digest == digest)
    return _count(session, query) == 1


def set_recovery_codes(session: Session, person_id: str, digests: list[str]) -> None:
    """Put these in place of all others."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.person_id == person_id))
    session.add_all([RecoveryCodeRow(person_id=person_id, digest=digest) for digest in digests])


def count_recovery_codes(session: Session, person_id: str) -> int:
    """How many are left."""
    query = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.person_id == person_id)
    return session.scalar(query) or 0


def old_passwords(session: Session, person_id: str) -> list[str]:
    """The hashes of former passwords that are remembered, the latest first."""
    query = select(OldPasswordRow.password_hash).where(OldPasswordRow.person_id == person_id)
    return list(session.scalars(query.order_by(OldPasswordRow.number.desc())))


def keep_old_password(session: Session, person_id: str, password_hash: str, most: int) -> None:
    """Remember a password that is being replaced, and forget all but the last `most`."""
    ours = OldPasswordRow.person_id == person_id
    number = (session.scalar(select(func.max(OldPasswordRow.number)).where(ours)) or 0) + 1
    session.add(OldPasswordRow(person_id=person_id, number=number, password_hash=password_hash))
    session.flush()
    session.execute(delete(OldPasswordRow).where(ours, OldPasswordRow.number <= number - most))


def find_failures(session: Session, digest: str) -> tuple[int, int]:
    """(how often the password of a name was wrong, when it last was); nobody changes it until the transaction ends."""
    _lock(session)
    row = session.get(LoginFailureRow, digest, populate_existing=True)
    return (0, 0) if row is None else (row.failures, row.last_at)


def set_failures(session: Session, digest: str, failures: int, now: int) -> None:
    """Note how often the password of a name was wrong; 0 is forgotten."""
    _lock(session)
    if failures:
        session.merge(LoginFailureRow(name_digest=digest, failures=failures, last_at=now))
    else:
        session.execute(delete(LoginFailureRow).where(LoginFailureRow.name_digest == digest))


def forget_failures(session: Session, until: int) -> None:
    """Of names whose password was last wrong before `until`."""
    session.execute(delete(LoginFailureRow).where(LoginFailureRow.last_at < until))


def _lock(session: Session) -> None:
    """SQLite has one writer at a time anyway; PostgreSQL is asked for a lock, until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _count(session: Session, query: Any) -> int:
    count: int = session.execute(query).rowcount  # type: ignore[attr-defined]
    return count
