"""What a database holds is still there after its tables have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, select, text

import kantu.service.database as package
from kantu.service.batches import leases
from kantu.service.database import Database
from kantu.service.files import usage
from kantu.service.files.quota import Usage


def _migrate(database: Database, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(package.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


@pytest.fixture
def before(database: Database) -> Database:
    """A database as 0002 made it, with two owners' files and a batch that has results."""
    _migrate(database, "0002", down=True)
    with database.session() as session:
        tables = MetaData()
        tables.reflect(session.connection())

        def add(name: str, **values: Any) -> None:
            table: Table = tables.tables[name]
            needed = {
                column.name: "x" if str(column.type).startswith(("VARCHAR", "TEXT")) else 1
                for column in table.columns
                if not column.nullable
            }
            session.execute(table.insert().values(needed | values))

        for number, owner, size in ((1, "a", 10), (2, "a", 20), (3, "b", 5)):
            add("files", id=f"file-{number:024}", owner=owner, size=size)
        add("batches", id="batch_1", owner="b", status="in_progress", lease_expires_at=2**40)
        add("batch_items", batch_id="batch_1", line=1, result="看图")
        add("batch_items", batch_id="batch_1", line=2, result="ab")
    return database


def test_what_was_stored_before_quotas_counts(before: Database) -> None:
    before.upgrade()
    with before.session() as session:
        assert usage.usage_of(session, "a") == Usage(2, 30, 45)
        assert usage.usage_of(session, "b") == Usage(1, 5 + 7 + 3, 45)
        assert leases.recorded(session, "batch_1") == {1, 2}
        assert session.execute(text("SELECT result_bytes, lease_beats FROM batches")).one() == (10, 0)


def test_going_back_and_forth_keeps_everything(before: Database) -> None:
    before.upgrade()
    _migrate(before, "0002", down=True)
    before.upgrade()
    with before.session() as session:
        assert usage.usage_of(session, "b") == Usage(1, 15, 45)
        assert session.scalar(select(text("count(*)")).select_from(text("batch_items"))) == 2
