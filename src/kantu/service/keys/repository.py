"""Reading and writing keys inside a transaction of the caller's."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from kantu.service.actor import Limits
from kantu.service.keys.api_key import ApiKey
from kantu.service.keys.tables import ApiKeyRow


def add(session: Session, key: ApiKey, digest: str) -> None:
    """Keep a new key.

    Raises:
        sqlalchemy.exc.IntegrityError: its id or digest is there already.
    """
    session.add(
        ApiKeyRow(
            id=key.id,
            name=key.name,
            owner=key.owner,
            digest=digest,
            hint=key.hint,
            models=None if key.models is None else list(key.models),
            endpoints=None if key.endpoints is None else list(key.endpoints),
            limits={name: limit for name, limit in asdict(key.limits).items() if limit is not None},
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
        )
    )
    session.flush()


def find_by_digest(session: Session, digest: str) -> ApiKey | None:
    """The key with this digest.

    An index lookup takes no constant time, and need not: what it compares are digests of what was sent, and nobody can
    choose texts whose digests come closer to one that is kept.
    """
    row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.digest == digest))
    return None if row is None else _key(row)


def find(session: Session, key_id: str) -> ApiKey | None:
    """The key with this id."""
    row = session.get(ApiKeyRow, key_id, populate_existing=True)
    return None if row is None else _key(row)


def find_all(session: Session) -> list[ApiKey]:
    """Every key there ever was, oldest first."""
    return [_key(row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.id))]


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


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        owner=row.owner,
        hint=row.hint,
        models=None if row.models is None else tuple(row.models),
        endpoints=None if row.endpoints is None else tuple(row.endpoints),
        limits=Limits(**row.limits),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
