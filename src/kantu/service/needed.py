"""Whether what the service needs is installed."""

from __future__ import annotations

import importlib.util

from kantu.errors import error, install_command, listed

NEEDED = (
    *("fastapi", "uvicorn", "python_multipart", "yaml", "httpx", "sqlalchemy", "alembic", "psycopg", "limits", "redis"),
    *("structlog", "prometheus_client", "opentelemetry", "mcp", "cryptography"),
)


def need_service() -> None:
    """Raise MissingDependencyError (`service_missing`) unless all of it is."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise error("service_missing", missing=listed(missing), install=install_command("service"))
