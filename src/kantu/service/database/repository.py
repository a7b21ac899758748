"""What every stored resource has: rows of one owner as frozen dataclasses, a page of them at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from sqlalchemy import ColumnElement, Delete, Select, Update, delete, inspect, select, tuple_, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from kantu.errors import KantuError
from kantu.service.database.base import Owned
from kantu.service.database.ids import Ids
from kantu.service.database.owners import of_owner

Order = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list.

    Attributes:
        after: id of the record that it begins behind; None is the beginning.
        limit: most records.
        order: by time of creation.
    """

    after: str | None = None
    limit: int = 20
    order: Order = "desc"


class Record(Protocol):
    """A frozen dataclass; its fields have the names of columns."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> str: ...

    @property
    def created_at(self) -> int: ...


RowT = TypeVar("RowT", bound=Owned)
RecordT = TypeVar("RecordT", bound=Record)


class Repository(Generic[RowT, RecordT]):
    """One owner's rows of one table, within one transaction.

    A subclass names the four below, and makes each further query with `_select`, `_update` or `_delete`, which are
    about this owner's rows only, and of these only those that `_visible` leaves.
    """

    row: type[RowT]
    record: type[RecordT]
    ids: ClassVar[Ids]
    not_found: ClassVar[Callable[[str | None], KantuError]]
    """(parameter) -> the error for an id that no row has, or only somebody else's."""

    def __init_subclass__(cls) -> None:
        missing = {field.name for field in fields(cls.record)} - set(inspect(cls.row).columns.keys())
        if missing:
            raise TypeError(f"{cls.row.__name__} has no column for {sorted(missing)}")

    def __init__(self, session: Session, owner: str) -> None:
        self._session, self._owner = session, owner

    def add(self, record: RecordT) -> None:
        """Insert a row; it is this owner's whatever `record` says."""
        self._session.add(self.row(**fields_of(record) | {"owner": self._owner}))

    def get(self, record_id: str, param: str | None = None) -> RecordT:
        """One record.

        Args:
            param: that the id came in.

        Raises:
            NotFoundError: `not_found`.
        """
        return self._one(self._select(self.row), record_id, param)

    def page(self, paging: Paging, *conditions: Any) -> tuple[list[RecordT], bool]:
        """The records of a page that meet the conditions, and whether there are more behind them.

        Raises:
            NotFoundError: `not_found`: `after`.
        """
        row, ascending = self.row, paging.order == "asc"
        keys = (row.created_at, row.id)
        query = self._select(row).where(*conditions)
        if paging.after is not None:
            after = self.get(paging.after, "after")
            here = (after.created_at, after.id)
            query = query.where(tuple_(*keys) > here if ascending else tuple_(*keys) < here)
        query = query.order_by(*(keys if ascending else [key.desc() for key in keys]))
        found = [record_of(self.record, row) for row in self._session.scalars(query.limit(paging.limit + 1))]
        return found[: paging.limit], len(found) > paging.limit

    def delete(self, record_id: str) -> RecordT:
        """Delete a record, and say what it was.

        Raises:
            NotFoundError: `not_found`.
        """
        return self._one(self._delete().returning(self.row), record_id)

    def _one(self, rows: Select[Any] | ReturningDelete[Any], record_id: str, param: str | None = None) -> RecordT:
        row = self._session.scalar(rows.where(self.row.id == record_id)) if self.ids.fits(record_id) else None
        if row is None:
            raise type(self).not_found(param)
        return record_of(self.record, row)

    def _visible(self) -> tuple[ColumnElement[bool], ...]:
        """What rows must meet besides being this owner's."""
        return ()

    def _select(self, *columns: Any) -> Select[Any]:
        return of_owner(select(*columns), self.row.owner == self._owner, *self._visible())

    def _update(self) -> Update:
        return of_owner(update(self.row), self.row.owner == self._owner, *self._visible())

    def _delete(self) -> Delete:
        return of_owner(delete(self.row), self.row.owner == self._owner, *self._visible())


def fields_of(record: Record) -> dict[str, Any]:
    """The fields of a record by name, each as it is."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def record_of(kind: type[RecordT], row: object) -> RecordT:
    """A row as a record, whose fields have the names of columns."""
    return kind(**{field.name: getattr(row, field.name) for field in fields(kind)})
