"""The table of what was used, within a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, ColumnElement, Index, String, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.database import Base
from kantu.service.keys.repository import ApiKeyRow
from kantu.service.people.repository import PersonRow

Dimension = Literal["day", "actor", "task", "model"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_COUNTS = ("requests", "visual_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Spender:
    """What one count is about.

    Attributes:
        day: of UTC, 2026-01-31.
        actor_id: of a key or a person.
        task: or "chat", "decisions".
    """

    day: str
    tenant: str
    actor_id: str
    task: str
    model: str


@dataclass(frozen=True, slots=True)
class Spent:
    """How much it is."""

    requests: int = 0
    visual_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, name) + getattr(other, name) for name in _COUNTS))


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose usage is asked for. None is not asked."""

    tenant: str | None = None
    actor_id: str | None = None
    task: str | None = None
    model: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of what belongs together; a dimension that it is summed over is None."""

    day: str | None
    actor_id: str | None
    actor_name: str | None
    tenant: str | None
    task: str | None
    model: str | None
    spent: Spent


class UsageRow(Base):
    """A day's counts of one actor, task and model."""

    __tablename__ = "usage_by_day"
    __table_args__ = (Index("ix_usage_by_day_tenant_day", "tenant", "day"),)

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(100), primary_key=True)
    actor_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    task: Mapped[str] = mapped_column(String(100), primary_key=True)
    model: Mapped[str] = mapped_column(String(255), primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    visual_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)


def add(session: Session, counts: Mapping[Spender, Spent]) -> None:
    """Add to what is there; several processes may do so at once."""
    insert: Any = _INSERTS[session.get_bind().dialect.name]
    key = ("day", "tenant", "actor_id", "task", "model")
    for spender, spent in sorted(counts.items(), key=lambda item: [getattr(item[0], name) for name in key]):
        given = insert(UsageRow).values(asdict(spender) | asdict(spent))
        sums = {name: getattr(UsageRow, name) + given.excluded[name] for name in _COUNTS}
        session.execute(given.on_conflict_do_update(index_elements=key, set_=sums))


def totals(
    session: Session, scope: Scope, by: Sequence[Dimension], limit: int, *, offset: int = 0, most_first: bool = True
) -> list[Total]:
    """The sums by these dimensions.

    Args:
        limit, offset: which of them.
        most_first: what was used most comes first, within its day where there are days; else they are in an order that
            does not change while more is used.
    """
    columns = _columns(by)
    sums = [func.sum(getattr(UsageRow, name)).label(name) for name in _COUNTS]
    query = select(*columns, *sums).where(*_conditions(scope)).group_by(*columns)
    if most_first:
        query = query.order_by(*(columns[:1] if "day" in by else []), *(each.desc() for each in sums))
    rows = session.execute(query.order_by(*columns).limit(limit).offset(offset)).mappings().all()
    names = _names(session, {row["actor_id"] for row in rows}) if "actor" in by else {}
    return [_total(dict(row), names) for row in rows]


def _columns(by: Sequence[Dimension]) -> list[Any]:
    columns: list[Any] = []
    for dimension in by:
        columns += [UsageRow.tenant, UsageRow.actor_id] if dimension == "actor" else [getattr(UsageRow, dimension)]
    return columns


def _names(session: Session, ids: Collection[str]) -> dict[str, str]:
    people = select(PersonRow.id, PersonRow.display_name).where(PersonRow.id.in_(ids))
    keys = select(ApiKeyRow.id, ApiKeyRow.name).where(ApiKeyRow.id.in_(ids))
    return {actor_id: name for query in (people, keys) for actor_id, name in session.execute(query)}


def _total(row: Mapping[str, Any], names: Mapping[str, str]) -> Total:
    actor_id = row.get("actor_id")
    return Total(
        row.get("day"),
        actor_id,
        None if actor_id is None else names.get(actor_id),
        row.get("tenant"),
        row.get("task"),
        row.get("model"),
        Spent(*(int(row[name]) for name in _COUNTS)),
    )


def _conditions(scope: Scope) -> Iterator[ColumnElement[bool]]:
    for name in ("tenant", "actor_id", "task", "model"):
        if (value := getattr(scope, name)) is not None:
            yield getattr(UsageRow, name) == value
    if scope.since is not None:
        yield UsageRow.day >= scope.since
    if scope.until is not None:
        yield UsageRow.day <= scope.until
