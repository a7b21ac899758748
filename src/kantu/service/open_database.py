"""The database that the settings name: for the service, and for commands, which need nothing else of it."""

from __future__ import annotations

from pathlib import Path

from kantu.errors import StoreError
from kantu.service.backup.restoring import finish_restore
from kantu.service.database import Database
from kantu.service.disk.room import ballast_bytes
from kantu.service.home import prepare_home
from kantu.service.settings import Settings


def database_of(settings: Settings, home: Path) -> Database:
    """The database that the settings name, as it is.

    Raises:
        StoreError: its file cannot be made; see `prepare_home`.
        InvalidRequestError: `invalid_settings`.
    """
    url, ballast = settings.store.database_url, ballast_bytes(settings.store.reserve_bytes)
    if url is not None:
        return Database(url.get_secret_value(), ballast_bytes=ballast)
    prepare_home(home)
    return Database.sqlite(home / "kantu.db", ballast_bytes=ballast)


def open_database(settings: Settings, home: Path) -> Database:
    """The database that the settings name, its tables brought up to date; a restore that was killed is finished first.

    Raises:
        StoreError: it cannot be reached, read or written; see `Database.upgrade`, `prepare_home` and `finish_restore`.
        InvalidRequestError: `invalid_settings`.
    """
    database = database_of(settings, home)
    try:
        finish_restore(home, database)
        database.upgrade()
    except StoreError:
        database.close()
        raise
    return database
