"""Rows of files that several processes delete at the same moment."""

from __future__ import annotations

import pytest

from kantu.service.database import Database
from kantu.service.files import usage
from kantu.service.files.quota import Usage
from kantu.service.files.record import FILE_IDS, FileRecord
from kantu.service.files.repository import FileRepository, delete_expired, delete_rows


def _add(database: Database, owner: str) -> str:
    file = FileRecord(FILE_IDS.new(), owner, "f", "batch", 3, 1, 2)
    with database.session() as session:
        FileRepository(session, owner, 0).add(file)
    return file.id


def test_what_another_process_is_just_deleting_is_left_to_it(database: Database) -> None:
    if database.file is not None:
        pytest.skip("SQLite has one writer at a time")
    mine, theirs = _add(database, "a"), _add(database, "b")
    with database.session() as first:
        assert delete_expired(first, 9, 10, "b") == [theirs]
        with database.session() as second:  # which waits for nobody
            assert delete_expired(second, 9, 10) == [mine]
    with database.session() as session:
        assert delete_expired(session, 9, 10) == []
        assert usage.usage_of(session, "b") == Usage(0, 0, 0)


def test_what_has_no_row_is_not_told_as_deleted(database: Database) -> None:
    file_id = _add(database, "a")
    with database.session() as session:
        assert delete_rows(session, [file_id, FILE_IDS.new()]) == [file_id]
        assert delete_rows(session, [file_id]) == []
        assert usage.usage_of(session, "a") == Usage(0, 0, 0)
