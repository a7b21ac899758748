"""What the base of all repositories sees to; `test_new_resource.py` has one at work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from kantu.errors import NotFoundError
from kantu.service.database import Database
from kantu.service.database.repository import Order, Paging, Repository
from kantu.service.files.record import FILE_IDS, FileRecord, file_not_found
from kantu.service.files.repository import FileRow

IDS = [f"file-{number:024x}" for number in range(5)]


class Files(Repository[FileRow, FileRecord]):
    row, record, ids, not_found = FileRow, FileRecord, FILE_IDS, file_not_found


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """Five rows of a's, two of which are of one second, and one of b's among them."""
    with database.session() as session:
        for file_id, created_at in zip(IDS, (10, 20, 20, 30, 40), strict=True):
            Files(session, "a").add(FileRecord(file_id, "whoever", "x", "batch", 1, created_at, 99))
        Files(session, "b").add(FileRecord(FILE_IDS.new(), "b", "x", "batch", 1, 20, 99))
        yield session


@pytest.mark.parametrize(("order", "expected"), [("asc", IDS), ("desc", IDS[::-1])])
def test_pages_one_behind_the_other_are_the_whole_list(session: Session, order: Order, expected: list[str]) -> None:
    found, after, more = [], None, True
    while more:
        page, more = Files(session, "a").page(Paging(after, 2, order))
        found += [record.id for record in page]
        after = found[-1]
    assert found == expected


def test_a_row_is_the_repositorys_owners_whatever_the_record_says(session: Session) -> None:
    assert Files(session, "a").get(IDS[0]).owner == "a"


def test_what_is_anothers_or_has_no_form_of_an_id_is_not_found(session: Session) -> None:
    files = Files(session, "b")
    for file_id in (IDS[0], FILE_IDS.new(), "file-1", "'"):
        for call in (files.get, files.delete):
            with pytest.raises(NotFoundError, match="file_not_found"):
                call(file_id)
        with pytest.raises(NotFoundError) as caught:
            files.page(Paging(after=file_id))
        assert caught.value.param == "after"
    assert len(Files(session, "a").page(Paging())[0]) == 5


def test_what_is_deleted_is_said_and_gone(session: Session) -> None:
    files = Files(session, "a")
    assert files.delete(IDS[1]).created_at == 20
    assert [record.id for record in files.page(Paging(order="asc"))[0]] == [IDS[0], *IDS[2:]]


def test_a_record_with_a_field_that_no_column_has_is_told_at_once() -> None:
    @dataclass(frozen=True)
    class Coloured(FileRecord):
        colour: str = "red"

    with pytest.raises(TypeError, match="colour"):

        class Wrong(Repository[FileRow, Coloured]):
            row, record, ids, not_found = FileRow, Coloured, FILE_IDS, file_not_found
