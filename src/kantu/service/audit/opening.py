"""The log that the settings describe, and the key that it needs."""

from __future__ import annotations

from pathlib import Path

from kantu.errors import error
from kantu.service.audit import repository
from kantu.service.audit.head import Head
from kantu.service.audit.keys import make_key_file, read_keys
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.settings import AuditSettings

FOLDER = "audit"


def open_audit_log(settings: AuditSettings, home: Path, database: Database) -> AuditLog:
    """The log of a database. A key is made only where nothing was ever recorded: another one would hide a loss.

    Raises:
        StoreError: `audit_key_unreadable`, `audit_key_insecure`, `audit_key_unwritable`, `audit_key_wrong`,
            `audit_chain_broken`, `store_unavailable`.
    """
    path = key_file(settings, home)
    with database.session(read_only=True) as session:
        head = repository.read_head(session)
    if not path.exists():
        if not head.is_fresh:
            raise error("audit_key_unreadable", path=path)
        make_key_file(path)
    log = AuditLog(read_keys(path), settings.algorithm)
    if not head.is_fresh and head.key_id not in log.keys.ids:
        raise error("audit_key_wrong")
    return log


def begun_log(settings: AuditSettings, home: Path, database: Database) -> AuditLog | None:
    """The log of a database whose tables may be of any version; None where nothing was ever recorded, which stays so.

    Raises:
        StoreError: as `open_audit_log`.
    """
    return None if begun_head(database) is None else open_audit_log(settings, home, database)


def begun_head(database: Database) -> Head | None:
    """Where the chain of a database ends; None where nothing was ever recorded in it, or it has no tables for that.

    Raises:
        StoreError: `store_unavailable`, `audit_chain_broken`.
    """
    if database.file is not None and not database.file.exists():
        return None
    with database.session(read_only=True) as session:
        if not repository.exists(session):
            return None
        head = repository.read_head(session)
    return None if head.is_fresh else head


def key_file(settings: AuditSettings, home: Path) -> Path:
    """Where the keys are."""
    return settings.key_file or home / FOLDER / "key"


def anchor_file(settings: AuditSettings, home: Path) -> Path:
    """Where the service itself keeps anchors."""
    return settings.anchor_file or home / FOLDER / "anchors.jsonl"


def archive_folder(settings: AuditSettings, home: Path) -> Path:
    """Where archived months go."""
    return settings.archive_folder or home / FOLDER / "archive"
