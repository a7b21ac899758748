"""The key that a service without any makes for itself, so that there is never a default one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from kantu.errors import error
from kantu.service.actor import Limits
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.keys import repository
from kantu.service.keys.api_key import digest_of
from kantu.service.keys.service import created, make
from kantu.service.secret_file import write_secret

FILE_NAME = "first-key"
# Always the same id: of several processes that start at once, on whatever machines, the database lets one make it.
_ID = "key_" + 24 * "0"


def ensure_first_key(
    database: Database, home: Path, log: AuditLog, clock: Callable[[], float] = time.time
) -> Path | None:
    """Where there never was a key, make one, write it to `home`/first-key for its owner's eyes, and say so on stderr.

    Returns:
        The file, if this call wrote it.

    Raises:
        StoreError: `first_key_unwritable`, `store_unavailable`; then no key has been made.
    """
    path = home / FILE_NAME
    key, text = make(
        _ID,
        "first",
        owner=None,
        models=None,
        endpoints=None,
        limits=Limits(),
        created_at=int(clock()),
        expires_at=None,
    )
    try:
        with database.session() as session:
            if repository.exists_any(session):
                return None
            repository.add(session, key, digest_of(text))
            log.record(session, created(key))
            _write(path, text)  # before the transaction ends: no key without its file, whenever this is killed
    except IntegrityError:
        return None  # another process was first
    print(f"已创建第一个 API 密钥，保存在 {path}（只有当前用户能读）。", file=sys.stderr)
    return path


def _write(path: Path, text: str) -> None:
    try:
        write_secret(path, text)
    except OSError:
        failed = True
    else:
        failed = False
    if failed:
        raise error("first_key_unwritable", path=path)
