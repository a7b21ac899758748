"""What a database holds is still there after its tables have changed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Column, Connection, Integer, LargeBinary, MetaData, String, Table, select, text

import kantu.service.database as package
from kantu.service.batches import leases
from kantu.service.database import Database
from kantu.service.database.migrate import VERSION_TABLE, revisions
from kantu.service.files import usage
from kantu.service.files.quota import Usage

ROWS = 3


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


def test_the_history_is_one_line() -> None:
    script = ScriptDirectory(str(Path(package.__file__).parent / "migrations"))
    assert len(script.get_heads()) == len(script.get_bases()) == 1
    assert revisions()[-1] == script.get_heads()[0]


@pytest.mark.parametrize("revision", revisions())
def test_from_any_revision_every_row_is_still_there(database: Database, revision: str) -> None:
    """Whatever columns a table has then and now hold what they held."""
    _migrate(database, "base", down=True)
    _migrate(database, revision)
    _fill(database)
    before = _rows(database)
    database.upgrade()
    after = _rows(database)
    for name, rows in before.items():
        columns = rows[0].keys() & after[name][0].keys()
        assert len(rows) >= ROWS  # and those that migrations put there
        assert len(columns) > 1
        assert _of(columns, after[name]) == _of(columns, rows)


@pytest.mark.parametrize("revision", revisions())
def test_back_to_any_revision_and_forth_again(database: Database, revision: str) -> None:
    """What an operator does who gives up an upgrade: what the older tables know stays."""
    _fill(database)
    _migrate(database, revision, down=True)
    before = _rows(database)
    assert min(len(rows) for rows in before.values()) >= ROWS
    database.upgrade()
    after = _rows(database)
    for name, rows in before.items():
        columns = rows[0].keys() & after[name][0].keys()
        assert _of(columns, after[name]) == _of(columns, rows)


def _fill(database: Database) -> None:
    """Some rows in every table, all columns with values, each row of a child with a parent."""
    with database.engine.begin() as connection:
        for table in _tables(connection).sorted_tables:
            rows = [{column.name: _value(column, number) for column in table.columns} for number in range(ROWS)]
            connection.execute(table.insert(), rows)


def _value(column: Column[Any], number: int) -> Any:
    """The same for a column and the one that it refers to: their names end alike."""
    if isinstance(column.type, JSON):
        return {"看图": number}
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, Integer):
        return 1000 + number
    if isinstance(column.type, LargeBinary):
        return bytes([number])
    assert isinstance(column.type, String), column.type
    return f"{number}号"[: column.type.length]


def _of(columns: Collection[str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in columns} for row in rows]


def _rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    with database.engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in _tables(connection).sorted_tables
        }


def _tables(connection: Connection) -> MetaData:
    tables = MetaData()
    tables.reflect(connection)
    tables.remove(tables.tables[VERSION_TABLE])
    return tables
