"""Whether a SQLite file has changed is told without waiting for anybody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from kantu.service.database import Database
from kantu.service.database.changes import Changes


def path_of(database: Database) -> str:
    path = database.engine.url.database
    assert path is not None
    return path


def test_the_version_changes_with_every_commit_and_only_then(sqlite: Database) -> None:
    first = sqlite.version()
    assert first is not None
    with sqlite.session(read_only=True) as session:
        session.execute(text("SELECT * FROM api_keys")).all()
    assert sqlite.version() == first
    seen = {first}
    for _ in range(3):
        with sqlite.session() as session:
            session.execute(text("CREATE TABLE IF NOT EXISTS notes (number INTEGER)"))
            session.execute(text("INSERT INTO notes VALUES (1)"))
            assert sqlite.version() in seen  # not yet
        seen.add(sqlite.version() or 0)
    assert len(seen) == 4


def test_another_programs_commit_counts(sqlite: Database) -> None:
    first = sqlite.version()
    with closing(sqlite3.connect(path_of(sqlite))) as other:
        other.execute("CREATE TABLE notes (number INTEGER)")
        other.commit()
    assert sqlite.version() != first


def test_a_file_that_somebody_holds_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(
        sqlite3.connect(path, isolation_level=None)
    ) as other:  # without a write-ahead log writers shut all out
        other.execute("CREATE TABLE notes (number INTEGER)")
        changes = Changes(make_url(f"sqlite:///{path}"))
        assert changes.version() is not None
        other.execute("BEGIN EXCLUSIVE")
        assert changes.version() is None
        other.execute("ROLLBACK")
        assert changes.version() is not None
    changes.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:a?uri=true", "postgresql://a/b"])
def test_of_other_databases_nothing_is_known(url: str) -> None:
    assert Changes(make_url(url)).version() is None


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    assert Changes(make_url(f"sqlite:///{tmp_path}/a.db")).version() is None
    assert list(tmp_path.iterdir()) == []
