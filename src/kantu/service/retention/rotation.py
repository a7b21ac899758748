"""A new master key, and every data key wrapped with it. The service may run meanwhile."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.audit.acting import event
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.retention.keyring import MasterKey, read_keys, write_keys
from kantu.service.retention.repository import Wrapped, rewrap, wrapped_by_others
from kantu.service.retention.seal import Place, seal, unseal, wrapping_key

_AT_ONCE = 500


def rotate(database: Database, log: AuditLog, path: Path) -> int:
    """Put a new master key first in the file, wrap all data keys with it, and forget all but the one before it.

    That one stays for data keys that a running service was just wrapping; the next rotation has them, too. A file that
    is not there is made. Exchanges are not encrypted anew: their data keys stay what they are.

    Returns:
        How many data keys were wrapped.

    Raises:
        InvalidRequestError: `retention_key_file`; StoreError: `history_unreadable`, and what `Database` and `AuditLog`
            raise.
    """
    known = read_keys(path) if path.exists() else ()
    new = MasterKey.new()
    before = {"key_id": known[0].id} if known else None
    with database.session() as session:
        log.record(session, event("rotate", "retention", before=before, after={"key_id": new.id}))
        write_keys(path, [new, *known])  # before the transaction ends: nothing is recorded that was not done
    wrapped = _wrap_all(database, path)
    write_keys(path, read_keys(path)[:2])
    return wrapped


def wrap_all(database: Database, log: AuditLog, path: Path) -> int:
    """Wrap with the first key of the file every data key that another one has wrapped; how many that were.

    Raises as `rotate`.
    """
    current = read_keys(path)[0]
    with database.session() as session:  # the wrapping is many transactions; what cannot be recorded is not begun
        log.record(session, event("rotate", "retention", after={"key_id": current.id, "wrap_only": True}))
    return _wrap_all(database, path)


def _wrap_all(database: Database, path: Path) -> int:
    keys = read_keys(path)
    by_id = {key.id: key for key in keys}
    current, count = keys[0], 0
    while True:
        with database.session() as session:
            found = wrapped_by_others(session, current.id, _AT_ONCE)
            for each in found:
                _wrap(session, each, by_id, current)
        count += len(found)
        if not found:
            return count


def _wrap(session: Session, wrapped: Wrapped, by_id: dict[str, MasterKey], current: MasterKey) -> None:
    if wrapped.master_key_id not in by_id:
        raise error("history_unreadable")
    place = Place(wrapped.owner, wrapped.id, wrapped.created_at, "key")
    old = wrapping_key(by_id[wrapped.master_key_id].secret, wrapped.cipher)
    data_key = unseal(wrapped.cipher, old, wrapped.wrapped_key, place)
    new = seal(wrapped.cipher, wrapping_key(current.secret, wrapped.cipher), data_key, place)
    rewrap(session, wrapped, current.id, new)
