"""Alembic without its command line or ini file: the migrations lie beside this module and run at start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_LOCK = 0x6B616E7475  # "kantu"; any number that others do not use

VERSION_TABLE = "alembic_version"
"""Where the tables' revision stands."""


def upgrade(engine: Engine) -> None:
    """Run what is missing, in one transaction; of several processes that start at once, one does."""
    with engine.begin() as connection:
        lock(connection)
        upgrade_to(connection, "head")


def upgrade_to(connection: Connection, revision: str) -> None:
    """Run what is missing up to a revision, in the caller's transaction.

    Raises:
        alembic.util.CommandError: the revision of the tables is unknown, as a newer version wrote them.
    """
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def remove(connection: Connection) -> None:
    """Undo all of them: nothing of ours is left, in the caller's transaction. Raises as `upgrade_to`."""
    config = _config()
    config.attributes["connection"] = connection
    command.downgrade(config, "base")


def lock(connection: Connection) -> None:
    """Nobody else changes the tables until the transaction ends; SQLite sees to that itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """All that this version knows, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
