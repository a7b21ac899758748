"""The tables of groups, read and written inside a transaction of the caller's.

Groups are the administrators': no tenant lists or changes them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kantu.service.actor import Limits, Quota
from kantu.service.database import Base
from kantu.service.database.base import JsonOf
from kantu.service.database.repository import Paging, fields_of, record_of
from kantu.service.groups.group import Group, group_not_found
from kantu.service.people.person import Person
from kantu.service.people.repository import PersonRow


class GroupRow(Base):
    """One group."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("tenant", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    limits: Mapped[Limits] = mapped_column(JsonOf(Limits))
    created_at: Mapped[int] = mapped_column(BigInteger)


class GroupMemberRow(Base):
    """Who is in a group. A person is in one at most: the key says so."""

    __tablename__ = "group_members"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("groups.id"), index=True)


def add(session: Session, group: Group) -> None:
    """Keep a new group.

    Raises:
        sqlalchemy.exc.IntegrityError: its tenant has one of this name.
    """
    session.add(GroupRow(**fields_of(group)))
    session.flush()


def find(session: Session, group_id: str) -> Group | None:
    """The group with this id."""
    row = session.get(GroupRow, group_id, populate_existing=True)
    return None if row is None else record_of(Group, row)


def page(session: Session, paging: Paging) -> tuple[list[Group], bool]:
    """Groups, oldest first, and whether there are more behind them.

    Raises:
        NotFoundError: `group_not_found`: `after`.
    """
    query = select(GroupRow).order_by(GroupRow.created_at, GroupRow.id)
    if paging.after is not None:
        after = find(session, paging.after)
        if after is None:
            raise group_not_found("after")
        later = (GroupRow.created_at == after.created_at) & (GroupRow.id > after.id)
        query = query.where((GroupRow.created_at > after.created_at) | later)
    found = [record_of(Group, row) for row in session.scalars(query.limit(paging.limit + 1))]
    return found[: paging.limit], len(found) > paging.limit


def change(session: Session, group_id: str, **values: Any) -> Group:
    """Set columns of a group, which exists, and say what it is now.

    Raises:
        sqlalchemy.exc.IntegrityError: its tenant has another one of this name.
    """
    session.execute(update(GroupRow).where(GroupRow.id == group_id).values(**values))
    changed = find(session, group_id)
    assert changed is not None
    return changed


def remove(session: Session, group_id: str) -> None:
    """Delete a group.

    Raises:
        sqlalchemy.exc.IntegrityError: people are in it.
    """
    session.execute(delete(GroupRow).where(GroupRow.id == group_id))


def people_of(session: Session, group_id: str) -> list[Person]:
    """Who is in a group, by name."""
    query = select(PersonRow).join(GroupMemberRow, GroupMemberRow.person_id == PersonRow.id)
    query = query.where(GroupMemberRow.group_id == group_id).order_by(PersonRow.name)
    return [record_of(Person, row) for row in session.scalars(query)]


def group_of(session: Session, person_id: str) -> Group | None:
    """The group that a person is in."""
    query = select(GroupRow).join(GroupMemberRow, GroupMemberRow.group_id == GroupRow.id)
    row = session.scalar(query.where(GroupMemberRow.person_id == person_id))
    return None if row is None else record_of(Group, row)


def quota_of(session: Session, person_id: str) -> Quota | None:
    """What limits a person beside their own limits."""
    group = group_of(session, person_id)
    return None if group is None else group.quota


def put_in(session: Session, person_id: str, group_id: str) -> None:
    """Put a person into a group, out of any other."""
    session.merge(GroupMemberRow(person_id=person_id, group_id=group_id))
    session.flush()


def take_out(session: Session, person_id: str) -> None:
    """Take a person out of their group, if they are in one."""
    session.execute(delete(GroupMemberRow).where(GroupMemberRow.person_id == person_id))
