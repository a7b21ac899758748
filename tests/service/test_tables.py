"""The migrations make exactly the tables that the code describes."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import kantu.service.batches.repository
import kantu.service.files.repository
import kantu.service.groups.repository
import kantu.service.keys.repository
import kantu.service.oidc.repository
import kantu.service.people.repository
import kantu.service.retention.repository
import kantu.service.sessions.repository
import kantu.service.usage.repository  # noqa: F401
from kantu.service.database import Base, Database


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()
    with database.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() is not None
