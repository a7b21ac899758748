"""The audit of tests: everything in one test signs with the same key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from kantu.service.audit import repository
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent, Entry
from kantu.service.audit.keys import AuditKeys
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database

_KEY = bytes(range(32))
KEYS = AuditKeys([_KEY])
LOG = AuditLog(KEYS)


def write_key(home: Path) -> None:
    """Have commands that work on a home sign with that key, too."""
    folder = home / "audit"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "key").touch(mode=0o600)
    (folder / "key").write_text(f"{_KEY.hex()}\n")


def log_with(clock: Callable[[], float]) -> AuditLog:
    """A log whose time a test says."""
    return AuditLog(KEYS, clock=clock)


def record(database: Database, *events: AuditEvent, log: AuditLog = LOG) -> None:
    """Write events, each in a transaction of its own."""
    for each in events or (event("create", "keys", "key_1"),):
        with database.session() as session:
            log.record(session, each)


def entries_of(database: Database) -> list[Entry]:
    """All that was recorded, in order."""
    with database.session(read_only=True) as session:
        return list(repository.stream(session))


def acts_of(database: Database) -> list[str]:
    """All that was recorded, as `action resource result`."""
    return [f"{entry.action} {entry.resource} {entry.result}" for entry in entries_of(database)]


def break_chain(database: Database) -> None:
    """Let the chain end elsewhere than its seal says: nothing can be recorded from now on."""
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE audit_head SET sequence = sequence + 1"))


def disarm(database: Database) -> None:
    """Drop the triggers, as somebody would who may do anything to the database."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER ALL"))
            return
        connection.execute(text("DROP TRIGGER audit_events_no_update"))
        connection.execute(text("DROP TRIGGER audit_events_no_delete"))
