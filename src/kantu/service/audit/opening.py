"""The log that the settings describe, and the key that it needs."""

from __future__ import annotations

from pathlib import Path

from kantu.errors import error
from kantu.service.audit import repository
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
    path = settings.key_file or home / FOLDER / "key"
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


def anchor_file(settings: AuditSettings, home: Path) -> Path:
    """Where the service itself keeps anchors."""
    return settings.anchor_file or home / FOLDER / "anchors.jsonl"


def archive_folder(settings: AuditSettings, home: Path) -> Path:
    """Where archived months go."""
    return settings.archive_folder or home / FOLDER / "archive"
