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
_ID_BYTES = 64
_IDS = re.compile("|".join(rf"{ids.prefix}[0-9a-f]{{24}}" for ids in (HISTORY_IDS, FILE_IDS, BATCH_IDS)).encode())


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


def erase_owner(database: Database, files_folder: Path, owner: str) -> Erased:
    """Delete an owner's history, files, and batches with their results; the service may run meanwhile.

    Deleted rows are overwritten by SQLite (`secure_delete`), its log is emptied, and contents of files are overwritten
    before they are removed. Then the database's files are searched for the ids of what was deleted; where one is
    found, the database is written anew (VACUUM) and searched again. Keys stay: they say who may ask, not what.

    Raises:
        StoreError: `erasure_incomplete`: something is still on the disk, so it is to be run again; what `Database`
            raises.
    """
    found = database.urgently(lambda session: _delete(session, owner))
    for file_id in found.files:
        _overwrite(files_folder / place_of(file_id))
    ids = frozenset(each.encode() for each in (*found.history, *found.files, *found.batches))
    database.scrub()
    left = _left(database.data_files, ids)
    if left:
        database.rewrite()
        left = _left(database.data_files, ids)
    if left:
        raise error("erasure_incomplete", count=left)
    return Erased(len(found.history), len(found.files), len(found.batches), verified=bool(database.data_files))


@dataclass(frozen=True, slots=True)
class _Found:
    history: Sequence[str]
    files: Sequence[str]
    batches: Sequence[str]


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


def _left(paths: Iterable[Path], ids: frozenset[bytes]) -> int:
    """How many of some ids the files hold."""
    found: set[bytes] = set()
    for path in paths if ids else ():
        try:
            with path.open("rb") as file:
                before = b""
                while piece := file.read(_PIECE_BYTES):
                    found.update(ids.intersection(_IDS.findall(before + piece)))
                    before = piece[-_ID_BYTES:]
        except FileNotFoundError:
            continue
        except OSError:
            raise error("store_unavailable.disk") from None
    return len(found)
