"""A database as a file and back: the same values, whichever database they came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    select,
    text,
)

from kantu.errors import StoreError
from kantu.service.database import Database
from kantu.service.database.copying import copy_from, copy_rows, copy_to, is_empty
from kantu.service.database.migrate import revisions

pytestmark = pytest.mark.whole

TABLES = MetaData()
PARENTS = Table(
    "z_parents",  # behind its children in the alphabet
    TABLES,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("name", String(40), nullable=False),
)
CHILDREN = Table(
    "a_children",
    TABLES,
    Column("id", String(40), primary_key=True),
    Column("parent", ForeignKey("z_parents.number", ondelete="CASCADE"), nullable=False),
    Column("value", JSON(none_as_null=True)),
    Column("flag", Boolean),
    Column("share", Float),
    Column("data", LargeBinary),
)
TEXTS = ['{"b": 1.0, "a":  "“看图” \\u4e2d"}', "null", None, "[]", '"text"']  # blanks, order and numbers are as written


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    opened = Database.sqlite(tmp_path / "other.db")
    yield opened
    opened.close()


def _fill(connection: Connection) -> None:
    TABLES.create_all(connection)
    connection.execute(PARENTS.insert(), [{"number": 2**40 + it, "name": f"名{it}"} for it in range(len(TEXTS))])
    for number, value in enumerate(TEXTS):
        row = {"parent": 2**40 + number, "flag": number % 2 == 0, "share": number / 3, "data": bytes([0, number, 255])}
        connection.execute(CHILDREN.insert(), {"id": f"c{number}", **row, **({} if number else {"flag": None})})
        if value is not None:
            as_json = "CAST(:value AS JSON)" if connection.dialect.name == "postgresql" else ":value"
            connection.execute(
                text(f"UPDATE a_children SET value = {as_json} WHERE id = :id"), {"value": value, "id": f"c{number}"}
            )


def _rows(connection: Connection) -> list[tuple[object, ...]]:
    value = cast(CHILDREN.c.value, Text) if connection.dialect.name == "postgresql" else text("value")
    children = select(CHILDREN.c.id, CHILDREN.c.parent, CHILDREN.c.flag, CHILDREN.c.share, CHILDREN.c.data, value)
    found = connection.execute(children.order_by(CHILDREN.c.id)).all()
    return [tuple(row) for row in (*found, *connection.execute(select(PARENTS).order_by(PARENTS.c.number)))]


def test_every_kind_of_value_goes_there_and_back(database: Database, other: Database) -> None:
    with database.engine.begin() as source, other.engine.begin() as target:
        _fill(source)
        before = _rows(source)
        assert [row[-1] for row in before[: len(TEXTS)]] == TEXTS
        TABLES.create_all(target)
        copy_rows(source, target, TABLES.tables)
        assert _rows(target) == before
        source.execute(CHILDREN.delete())
        source.execute(PARENTS.delete())
        copy_rows(target, source, TABLES.tables)
        assert _rows(source) == before
        source.execute(PARENTS.insert(), {"name": "the next one"})
        assert source.scalar(select(PARENTS.c.number).where(PARENTS.c.name == "the next one")) == 2**40 + len(TEXTS)


def test_what_migrations_put_there_is_replaced(database: Database, other: Database) -> None:
    other.upgrade()
    with database.engine.begin() as connection:
        _add_usage(connection, "theirs")
    with other.engine.begin() as connection:
        _add_usage(connection, "seeded")
    with database.engine.begin() as source, other.engine.begin() as target:
        copy_rows(source, target, ["file_usage"])
        assert target.execute(text("SELECT owner FROM file_usage")).scalars().all() == ["theirs"]


def _add_usage(connection: Connection, owner: str) -> None:
    connection.execute(text("INSERT INTO file_usage (owner, files, bytes) VALUES (:owner, 1, 2)"), {"owner": owner})


def test_empty_is_what_has_no_rows(database: Database, tmp_path: Path) -> None:
    assert is_empty(database)
    with database.engine.begin() as connection:
        _add_usage(connection, "a")
    assert not is_empty(database)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM file_usage"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not is_empty(database)  # who knows what a newer version keeps where
    missing = Database(f"sqlite:///{tmp_path / 'missing.db'}")
    assert is_empty(missing)
    assert not (tmp_path / "missing.db").exists()


def test_a_copy_is_of_the_revision_of_the_database(database: Database, tmp_path: Path) -> None:
    copy_from(database, tmp_path / "copy.db")
    copy = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    with copy.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == revisions()[-1]
    copy.close()
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]  # no log is part of it


def test_a_newer_database_is_not_copied(database: Database, tmp_path: Path) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    if database.file is None:
        with pytest.raises(StoreError, match="database_too_new"):
            copy_from(database, tmp_path / "copy.db")
        return
    copy_from(database, tmp_path / "copy.db")
    with pytest.raises(StoreError, match="database_too_new"):
        Database(f"sqlite:///{tmp_path / 'copy.db'}").upgrade()


def test_a_damaged_database_is_not_copied(tmp_path: Path, sqlite: Database) -> None:
    with sqlite.engine.begin() as connection:
        for number in range(2000):
            _add_usage(connection, f"owner {number:0200}")
    sqlite.make_room()
    sqlite.close()
    path = tmp_path / "kantu.db"
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = bytes([7]) * 4096
    path.write_bytes(data)
    with pytest.raises(StoreError, match="database_damaged"):
        copy_from(sqlite, tmp_path / "copy.db")


def test_a_refused_copy_changes_nothing(database: Database, tmp_path: Path) -> None:
    """PostgreSQL has all of it or nothing; SQLite's file is whole before it is put in its place."""
    with database.engine.begin() as connection:
        _add_usage(connection, "mine")
    if database.file is not None:
        pytest.skip("nothing is written to a file of SQLite")
    theirs = Database.sqlite(tmp_path / "theirs.db")
    theirs.upgrade()
    with theirs.engine.begin() as connection:
        connection.execute(text("DROP TABLE api_keys"))
    theirs.close()
    with pytest.raises(StoreError, match="database_damaged"):
        copy_to(tmp_path / "theirs.db", database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT owner FROM file_usage")).scalars().all() == ["mine"]
