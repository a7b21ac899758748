"""The system administrator that a service without people makes for itself, with a secret to be changed at once."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from kantu.errors import error
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.people import repository
from kantu.service.people.passwords import Passwords, new_one_time_password
from kantu.service.people.service import created, new_person
from kantu.service.secret_file import write_secret

FILE_NAME = "first-administrator"
NAME = "admin"
# Always the same id: of several processes that start at once, on whatever machines, the database lets one make it.
_ID = "per_" + 24 * "0"


def ensure_first_administrator(
    database: Database,
    home: Path,
    log: AuditLog,
    passwords: Passwords,
    *,
    one_time_seconds: float,
    clock: Callable[[], float] = time.time,
) -> Path | None:
    """Where there never was an account, make one, write its name and one-time password to `home`/first-administrator.

    Returns:
        The file, if this call wrote it.

    Raises:
        StoreError: `first_administrator_unwritable`, `store_unavailable`; then no account has been made.
    """
    with database.session(read_only=True) as session:
        if repository.exists_any(session):
            return None
    path, secret = home / FILE_NAME, new_one_time_password()
    person = new_person(
        _ID,
        NAME,
        display_name="系统管理员",
        tenant=None,
        role="system",
        password_hash=passwords.hash(secret),
        now=int(clock()),
        one_time_seconds=one_time_seconds,
    )
    try:
        with database.session() as session:
            if repository.exists_any(session):
                return None
            repository.add(session, person)
            log.record(session, created(person))
            _write(path, f"{NAME} {secret}")  # before the transaction ends: no account without its file
    except IntegrityError:
        return None  # another process was first
    print(
        f"已创建系统管理员 {NAME}，一次性密码保存在 {path}（只有当前用户能读），第一次登录必须换掉。", file=sys.stderr
    )
    return path


def _write(path: Path, text: str) -> None:
    try:
        write_secret(path, text)
    except OSError:
        failed = True
    else:
        failed = False
    if failed:
        raise error("first_administrator_unwritable", path=path)
