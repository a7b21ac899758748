"""What backing up and restoring leave in the audit, and what becomes of the chain that a backup brings along."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kantu.errors import StoreError
from kantu.service.audit.acting import event
from kantu.service.audit.keys import merged, read_keys
from kantu.service.audit.log import AuditLog
from kantu.service.audit.opening import FOLDER, begun_head, begun_log, key_file, open_audit_log
from kantu.service.backup.archive import Manifest
from kantu.service.database import Database
from kantu.service.disk.placing import new_file
from kantu.service.settings import AuditSettings

_log = logging.getLogger(__name__)


def record_backup(database: Database, log: AuditLog | None, path: Path, manifest: Manifest, *, encrypted: bool) -> None:
    """Record a backup that is about to get its name. What cannot be recorded is none.

    Raises:
        StoreError: as `AuditLog.record` and `Database.session`.
    """
    if log is None:
        return
    told = {**_told(manifest), "encrypted": encrypted}
    with database.session() as session:
        log.record(session, event("create", "backup", path.name, after=told))


def record_restore(
    settings: AuditSettings,
    home: Path,
    database: Database,
    path: Path,
    manifest: Manifest,
    staged: Path,
    rows: Database,
) -> None:
    """Record a restore in the chain that it brings, before it happens: so both are there or neither.

    The home's own keys stay those that sign, and the backup's are known beside them. Anchors in the home are of the
    chain that is replaced; how far that one reached is in the event.

    Args:
        home, database: where it is restored to.
        staged: what was unpacked, and will take its place in the home.
        rows: what was unpacked, and will take the database's place.

    Raises:
        StoreError: as `open_audit_log` and `AuditLog.record`; OSError.
    """
    ours, theirs = key_file(settings, home), staged / FOLDER / "key"
    (staged / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.key_file is None and ours.exists():
        read_keys(ours)  # is one
        keys = merged(ours.read_text("ascii"), theirs.read_text("ascii") if theirs.exists() else "")
        theirs.unlink(missing_ok=True)
        with new_file(theirs) as file:
            file.write(keys.encode("ascii"))
    anchors = staged / FOLDER / "anchors.jsonl"
    if not anchors.exists():
        with new_file(anchors):
            pass
    log = open_audit_log(settings, staged, rows)
    restored = event("restore", "backup", path.name, before=_replaced(database), after=_told(manifest))
    with rows.session() as session:
        log.record(session, restored)


def log_before(settings: AuditSettings, home: Path, database: Database) -> AuditLog | None:
    """The log of what a restore may replace, for what goes wrong; None where none was begun or it cannot be used."""
    try:
        return begun_log(settings, home, database)
    except StoreError as failure:  # a damaged database is a reason to restore
        _log.warning("the audit that is here cannot be used", extra={"code": failure.code})
        return None


def _replaced(database: Database) -> dict[str, Any] | None:
    """How far the chain reached whose place another one takes."""
    try:
        head = begun_head(database)
    except StoreError as failure:  # as above
        return {"code": failure.code}
    return None if head is None else {"sequence": head.last.sequence, "mac": head.last.mac.hex()}


def _told(manifest: Manifest) -> dict[str, Any]:
    told = asdict(manifest)
    del told["members"]
    return {**told, "members": len(manifest.members)}
