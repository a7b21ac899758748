"""Tells that a SQLite file was changed, for a few microseconds, so that what was read of it need not be read again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL


class Changes:
    """Of one database. Used by one thread at a time; a file is opened when it is first asked about.

    Args:
        url: of a file of SQLite; of any other database nothing is known.
    """

    def __init__(self, url: URL) -> None:
        file = file_of(url)
        # "rw": it makes no file where there is none
        self._uri = None if file is None else f"{file.as_uri()}?mode=rw"
        self._connection: sqlite3.Connection | None = None

    def version(self) -> int | None:
        """Changes with every commit of another connection, and this one makes none; None where it cannot be told.

        With a write-ahead log, which `Database` sees to, it is read from shared memory. No lock is waited for.
        """
        if self._uri is None:
            return None
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._uri, timeout=0, isolation_level=None, check_same_thread=False, uri=True
                )
            with closing(self._connection.execute("PRAGMA data_version")) as cursor:
                version: int = cursor.fetchone()[0]
        except sqlite3.Error:  # locked or gone: whoever asks the database itself hears of it
            return None
        return version

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def file_of(url: URL) -> Path | None:
    """The file of SQLite that a database is; None of any other database."""
    path = url.database if url.get_backend_name() == "sqlite" else None
    return None if not path or path == ":memory:" or path.startswith("file:") else Path(path).absolute()
