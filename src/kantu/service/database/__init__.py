"""Where the service keeps what it knows: SQLite by default, PostgreSQL by URL."""

from kantu.service.database.base import Base, Owned
from kantu.service.database.database import Database

__all__ = ["Base", "Database", "Owned"]
