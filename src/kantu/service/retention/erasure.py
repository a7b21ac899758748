"""Everything that one owner has stored, deleted for good, and looked for on the disk afterwards."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.audit.acting import event
from kantu.service.audit.log import AuditLog
from kantu.service.batches.record import BATCH_IDS
from kantu.service.batches.repository import BatchRow
from kantu.service.database import Database
from kantu.service.database.owners import of_owner
from kantu.service.files.content import place_of
from kantu.service.files.record import FILE_IDS
from kantu.service.files.repository import FileRow
from kantu.service.files.usage import FileUsageRow
from kantu.service.retention.record import HISTORY_IDS, subjects_of
from kantu.service.retention.repository import HistoryRow

_PIECE_BYTES = 2**20
_IDS = "|".join(rf"{ids.prefix}[0-9a-f]{{24}}" for ids in (HISTORY_IDS, FILE_IDS, BATCH_IDS)).encode()
_MOST_ID_BYTES = 64
_MOST_BEHIND_BYTES = 8  # that `_rows_of` looks back


@dataclass(frozen=True, slots=True)
class Erased:
    """What was deleted.

    Attributes:
        verified: whether the database's files were read and hold none of it; a database elsewhere cannot be read.
    """

    history: int
    files: int
    batches: int
    verified: bool


def erase_owner(database: Database, log: AuditLog, files_folder: Path, owner: str) -> Erased:
    """Delete an owner's history, files, and batches with their results; the service may run meanwhile.

    Deleted rows are overwritten by SQLite (`secure_delete`), its log is emptied, and contents of files are overwritten
    before they are removed. Then the database's files are searched for the rows that were deleted; where one is found,
    the database is written anew (VACUUM) and searched again. Keys stay: they say who may ask, not what. So does the
    audit: it has ids and hashes.

    Raises:
        StoreError: `erasure_incomplete`: something is still on the disk, so it is to be run again; what `Database`
            and `AuditLog` raise.
    """

    def work(session: Session) -> _Found:
        found = _delete(session, owner)
        log.record(session, event("erase", "owner", owner, after=found.counts))
        return found

    found = database.urgently(work)
    for file_id in found.files:
        _overwrite(files_folder / place_of(file_id))
    ids = frozenset(each.encode() for each in (*found.history, *found.files, *found.batches))
    rows = _rows_of(subjects_of(owner))
    database.scrub()
    left = _left(database.data_files, rows, ids)
    if left:
        database.rewrite()
        left = _left(database.data_files, rows, ids)
    if left:
        raise error("erasure_incomplete", count=left)
    erased = Erased(**found.counts, verified=bool(database.data_files))
    verified = event("verify", "erasure", owner, after={"read_on_disk": erased.verified})
    database.urgently(lambda session: log.record(session, verified))
    return erased


@dataclass(frozen=True, slots=True)
class _Found:
    history: Sequence[str]
    files: Sequence[str]
    batches: Sequence[str]

    @property
    def counts(self) -> dict[str, int]:
        return {"history": len(self.history), "files": len(self.files), "batches": len(self.batches)}


def _delete(session: Session, owner: str) -> _Found:
    history = [each for subject in subjects_of(owner) for each in _delete_rows(session, HistoryRow, subject)]
    files, batches = (_delete_rows(session, row, owner) for row in (FileRow, BatchRow))
    session.execute(delete(FileUsageRow).where(FileUsageRow.owner == owner))
    return _Found(history, files, batches)


def _delete_rows(session: Session, row: type[HistoryRow | FileRow | BatchRow], owner: str) -> Sequence[str]:
    ids = session.scalars(of_owner(select(row.id), row.owner == owner)).all()
    session.execute(of_owner(delete(row), row.owner == owner))
    return ids


def _overwrite(path: Path) -> None:
    """Zeros over a file, then no file."""
    try:
        with path.open("r+b") as file:
            left = os.fstat(file.fileno()).st_size
            while left > 0:
                left -= file.write(bytes(min(left, _PIECE_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
    except OSError:
        raise error("store_unavailable.disk") from None


def _rows_of(owners: Iterable[str]) -> re.Pattern[bytes]:
    """What SQLite writes of these owners' rows: their id, and then the owner.

    Ids alone say nothing: the audit has them, too, behind the name of what they are.
    """
    either = b"|".join(re.escape(owner.encode()) for owner in owners)
    return re.compile(b"(?<!files)(?<!batches)(?<!history)(%b)(?:%b)" % (_IDS, either))


def _left(paths: Iterable[Path], rows: re.Pattern[bytes], ids: frozenset[bytes]) -> int:
    """How many of some ids the files hold in rows."""
    found: set[bytes] = set()
    most_bytes = _MOST_BEHIND_BYTES + _MOST_ID_BYTES + len(rows.pattern)  # that have to be looked at together
    for path in paths if ids else ():
        try:
            with path.open("rb") as file:
                read = b""
                while piece := file.read(_PIECE_BYTES):
                    behind = _MOST_BEHIND_BYTES if read else 0
                    read = read[-most_bytes:] + piece
                    found.update(ids.intersection(each[1] for each in rows.finditer(read, behind)))
        except FileNotFoundError:
            continue
        except OSError:
            raise error("store_unavailable.disk") from None
    return len(found)
