"""What the commands of the service share: where its settings are, and its database, opened beside it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kantu.errors import error, install_command, listed

if TYPE_CHECKING:
    from kantu.service.audit.log import AuditLog
    from kantu.service.database import Database
    from kantu.service.settings import Settings

NEEDED = (
    *("fastapi", "uvicorn", "python_multipart", "yaml", "httpx", "sqlalchemy", "alembic", "psycopg", "limits", "redis"),
    *("structlog", "prometheus_client", "opentelemetry", "mcp"),
    *("argon2", "authlib", "cryptography", "joserfc", "segno"),
)
"""Packages of the extra `service`, by what is imported."""

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar="KANTU_CONFIG", help="YAML 设置文件；全部设置见 docs/settings.md。", metavar="FILE"
    ),
]


def need_service() -> None:
    """Raise MissingDependencyError (`service_missing`) unless all that it needs is installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise error("service_missing", missing=listed(missing), install=install_command("service"))


@contextmanager
def open_store(config: Path | None) -> Iterator[tuple[Settings, Path, Database, AuditLog]]:
    """Settings, home, database and audit of the service that `config` and the environment describe, running or not."""
    need_service()
    from kantu.hub import home
    from kantu.service.audit.opening import open_audit_log
    from kantu.service.open_database import open_database
    from kantu.service.settings import read_settings

    settings, folder = read_settings(config), home()
    database = open_database(settings, folder)
    try:
        yield settings, folder, database, open_audit_log(settings.audit, folder, database)
    finally:
        database.close()
