"""Columns that keep a value as JSON, and which index the rows of owners have."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, literal_column, select

from kantu.service.actor import Limits
from kantu.service.batches.record import Problem
from kantu.service.batches.repository import BatchRow
from kantu.service.database import Database
from kantu.service.database.base import Base, JsonOf, Owned
from kantu.service.database.owners import of_everybody
from kantu.service.keys.repository import ApiKeyRow

KEY = {"id": "k", "name": "n", "owner": "o", "digest": "d", "hint": "h", "created_at": 1}


def test_a_value_is_kept_as_json_without_what_is_none(sqlite: Database) -> None:
    with sqlite.session() as session:
        session.add(ApiKeyRow(**KEY, models=("a", "b"), endpoints=None, limits=Limits(requests_per_day=5)))
    with sqlite.session() as session:
        kept = session.execute(select(*map(literal_column, ("models", "endpoints", "limits"))).select_from(ApiKeyRow))
        assert kept.one() == ('["a", "b"]', None, '{"requests_per_day": 5}')
        key = session.get_one(ApiKeyRow, "k")
        assert (key.models, key.endpoints, key.limits) == (("a", "b"), None, Limits(requests_per_day=5))


@pytest.mark.parametrize("kept", [None, '[{"code":"c","message":"中","message_en":"e","param":null,"line":null}]'])
def test_null_is_the_empty_value_and_fields_of_none_may_be_there(sqlite: Database, kept: str | None) -> None:
    values = {
        column.name: 1 if column.type.python_type is int else "x"
        for column in BatchRow.__table__.columns
        if not column.nullable
    }
    with sqlite.session() as session:
        errors = None if kept is None else literal_column(f"'{kept}'")
        session.execute(insert(BatchRow.__table__).values(values | {"errors": errors}))  # type: ignore[arg-type]
        problems = session.scalar(of_everybody(select(BatchRow.problems)))
    assert problems == (() if kept is None else (Problem("c", "中", "e"),))


def test_the_empty_value_is_kept_as_null() -> None:
    column = JsonOf(tuple[Problem, ...], ())
    assert column.process_bind_param((), None) is None  # type: ignore[arg-type]


def test_every_owned_table_finds_one_owners_rows_by_time() -> None:
    owned = [mapper.local_table for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)]
    assert {table.name for table in owned} >= {"files", "batches"}
    for table in owned:
        assert ["owner", "created_at", "id"] in [list(index.columns.keys()) for index in table.indexes]
