"""No query of an `Owned` table without saying whose rows it is about: such a query does not run."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Delete, Select, Table, Update, event
from sqlalchemy.orm import Mapper, ORMExecuteState, Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.visitors import ExternallyTraversible

from kantu.service.database.base import Owned

_OPTION = "owners"  # of a query: whose rows it is about
_MARK = "owned"  # of a table

QueryT = TypeVar("QueryT", Select, Update, Delete)  # type: ignore[type-arg]


class UnscopedQueryError(Exception):
    """A defect: a query asks for rows of everybody, and does not say that it means to."""


def of_owner(query: QueryT, *is_owners: ColumnElement[bool]) -> QueryT:
    """The query, of one owner's rows."""
    return query.where(*is_owners).execution_options(**{_OPTION: "one"})


def of_everybody(query: QueryT) -> QueryT:
    """The query, for work that is done for all owners, such as deleting what has expired."""
    return query.execution_options(**{_OPTION: "all"})


class OwnersSession(Session):
    """A session that refuses a query of an `Owned` table which neither `of_owner` nor `of_everybody` made."""


@event.listens_for(Owned, "instrument_class", propagate=True)
def _mark(mapper: Mapper[Any], _: type) -> None:
    cast(Table, mapper.local_table).info[_MARK] = True


@event.listens_for(OwnersSession, "do_orm_execute")
def _refuse(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_column_load or _OPTION in state.execution_options:
        return
    for part in visitors.iterate(cast(ExternallyTraversible, state.statement)):
        if isinstance(part, Table) and part.info.get(_MARK):
            raise UnscopedQueryError(part.name)
