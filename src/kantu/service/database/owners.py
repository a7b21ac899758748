"""No query of an `Owned` table without saying whose rows it is about: such a query does not run."""

from __future__ import annotations

from typing import TypeVar, cast

from sqlalchemy import ColumnElement, Delete, Select, Table, Update, event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.visitors import ExternallyTraversible

_OPTION = "owners"

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


@event.listens_for(OwnersSession, "do_orm_execute")
def _refuse(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_column_load or _OPTION in state.execution_options:
        return
    for part in visitors.iterate(cast(ExternallyTraversible, state.statement)):
        if isinstance(part, Table) and part.info.get("owned"):
            raise UnscopedQueryError(part.name)
