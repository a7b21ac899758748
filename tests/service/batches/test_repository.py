"""Rows of batches that several processes delete at the same moment."""

from __future__ import annotations

import pytest

from kantu.service.batches.record import BATCH_IDS, Batch
from kantu.service.batches.repository import BatchRepository, delete_ended
from kantu.service.database import Database


def _add(database: Database) -> None:
    batch = Batch(BATCH_IDS.new(), "a", "k", "/v1/responses", "zh", "completed", "file", 1, None, 1, 1, completed_at=1)
    with database.session() as session:
        BatchRepository(session, "a").add(batch)


def test_what_another_process_is_just_deleting_is_left_to_it(database: Database) -> None:
    if database.file is not None:
        pytest.skip("SQLite has one writer at a time")
    for _ in range(3):
        _add(database)
    with database.session() as first:
        assert delete_ended(first, 9, 2) == 2
        with database.session() as second:  # which waits for nobody
            assert delete_ended(second, 9, 10) == 1
    with database.session() as session:
        assert delete_ended(session, 9, 10) == 0
