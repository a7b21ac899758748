"""A query that does not say whose rows it is about does not run."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import DeclarativeBase, aliased
from sqlalchemy.sql.base import Executable

from kantu.service.database import Database, Owned
from kantu.service.database.owners import UnscopedQueryError, of_everybody, of_owner
from kantu.service.files.repository import FileRow
from kantu.service.files.usage import FileUsageRow

OTHER = aliased(FileRow)


@pytest.mark.parametrize(
    "query",
    [
        select(FileRow),
        select(FileRow.id).where(FileRow.id == "file-1"),
        select(func.count()).select_from(FileRow),
        select(func.count()).select_from(select(FileRow.id).subquery()),
        select(OTHER.id),
        select(FileUsageRow.files).where(exists().where(FileRow.owner == FileUsageRow.owner)),
        select(FileUsageRow.files).join(FileRow, FileRow.owner == FileUsageRow.owner),
        select(FileRow.id).where(FileRow.owner == "a"),  # meant well, but not made by what nobody forgets
        update(FileRow).values(filename="x"),
        delete(FileRow),
        delete(FileRow).where(FileRow.id == "file-1").returning(FileRow.id),
    ],
    ids=str,
)
def test_a_query_that_names_no_owner_is_a_defect(sqlite: Database, query: Executable) -> None:
    with sqlite.session() as session, pytest.raises(UnscopedQueryError):
        session.execute(query)


def test_getting_a_row_by_its_id_is_such_a_query(sqlite: Database) -> None:
    with sqlite.session() as session, pytest.raises(UnscopedQueryError):
        session.get(FileRow, "file-1")


def test_queries_that_say_it_and_tables_without_owners_are_answered(sqlite: Database) -> None:
    with sqlite.session() as session:
        for number, owner in enumerate("aab"):
            session.add(
                FileRow(
                    id=f"file-{number}", owner=owner, filename="x", purpose="batch", size=1, created_at=1, expires_at=2
                )
            )
        assert session.scalars(of_owner(select(FileRow.id), FileRow.owner == "a")).all() == ["file-0", "file-1"]
        assert session.scalar(of_everybody(select(func.count()).select_from(FileRow))) == 3
        assert session.scalars(select(FileUsageRow)).all() == []


def test_a_table_with_arguments_of_its_own_is_guarded_too(sqlite: Database) -> None:
    class Tables(DeclarativeBase): ...

    class Odd(Owned, Tables):
        __tablename__ = "odd"
        __table_args__ = ()

    with sqlite.session() as session, pytest.raises(UnscopedQueryError):
        session.execute(select(Odd.id))
