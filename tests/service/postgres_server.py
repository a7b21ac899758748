"""A PostgreSQL server of a test's own, on a socket, that can be stopped and started again, and databases in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.in_memory import roomy_memory

_numbers = count()


class PostgresServer:
    """Its tables are not safe from a power cut, and gone after `remove`. Skips the test where none is installed."""

    def __init__(self) -> None:
        binaries = _binaries()
        if binaries is None:
            pytest.skip("PostgreSQL is not installed")
        self._binaries = binaries
        self._user = _user()
        self._folder = Path(tempfile.mkdtemp(prefix="kantu-postgres-", dir=roomy_memory()))
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._data = str(self._folder / "data")
        options = ("--no-sync", "--auth=trust", "--username=kantu", "--encoding=UTF8", "--locale=C")
        self._run("initdb", *options, "-D", self._data)

    def url(self, database: str) -> str:
        return f"postgresql://kantu@/{database}?host={self._folder}"

    def start(self) -> None:
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=200"
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "--wait", "-D", self._data, "-l", log, "-o", options)

    def stop(self) -> None:
        """At once, whoever is connected."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate", "-D", self._data)

    def remove(self) -> None:
        """Stop it, if it runs, and delete its data."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            user=self._user,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def new_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, a copy of `template`, which is gone afterwards: each takes 8 MB.

    `server` is the URL of the server's databases, with `%s` for the name.
    """
    name = f"kantu_{next(_numbers)}"
    with psycopg.connect(server % "postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield server % name
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _user() -> str | None:
    """Whom to run it as; None is whoever runs the tests."""
    if os.geteuid() != 0:  # which PostgreSQL refuses to be
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        pytest.skip("run as root, and there is no user postgres")


def _binaries() -> Path | None:
    """Where its programs are. Debian keeps those of each version out of the PATH."""
    found = shutil.which("pg_ctl") or max(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]), default=None
    )
    return None if found is None else Path(found).resolve().parent
