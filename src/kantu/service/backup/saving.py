"""From a database and a home in use to a backup that is of one moment.

The database is copied first, then the contents that its rows name: contents are written before their rows, so all of
them are there. One that is deleted meanwhile is deleted in the copy, too, so that no row promises what the backup has
not.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kantu import __version__
from kantu.errors import error, not_written
from kantu.service.backup.archive import DATABASE, HOME, ArchiveWriter, Manifest
from kantu.service.backup.sealing import SealedWriter, Secret
from kantu.service.database import Database
from kantu.service.database.copying import copy_from, is_empty
from kantu.service.database.migrate import revisions
from kantu.service.disk.placing import locked_folder, new_file, put_in_place
from kantu.service.files.content import place_of
from kantu.service.files.repository import all_ids, delete_rows, known_ids
from kantu.service.gcm import CipherName
from kantu.service.home import KEPT, KEPT_FROM_BEFORE

_FOLDER = ".backup"
_DELETED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup that was made.

    Attributes:
        files: how many stored files are in it.
        missing: ids of files that the database knows and the disk has not.
    """

    manifest: Manifest
    files: int
    missing: tuple[str, ...]


def back_up(
    path: Path,
    home: Path,
    database: Database,
    secret: Secret | None,
    cipher: CipherName = "aes-256-gcm",
    *,
    record: Callable[[Manifest], None],
    allow_missing: bool = False,
    clock: Callable[[], float] = time.time,
) -> Saved:
    """Write a backup to a new file. Whoever uses the database or the home goes on meanwhile.

    Args:
        home: which exists; for a while it takes a copy of the database.
        secret: what it is encrypted with; None does not encrypt.
        record: called once all of it is written; where it raises, there is no backup.
        allow_missing: back up even where contents have been lost.

    Raises:
        InvalidRequestError: `backup_exists`, `backup_unwritable`.
        StoreError: `nothing_to_back_up`, `backup_incomplete`, `store_unavailable`, `store_full`, `database_damaged`,
            `database_too_new`.
    """
    if path.exists():
        raise error("backup_exists", path=path)
    if is_empty(database):
        raise error("nothing_to_back_up", where=database.engine.url.render_as_string(hide_password=True))
    folder = home / _FOLDER
    with _store_errors(path), locked_folder(folder):
        try:
            _clear(folder)  # what a killed backup has left
            created_at = int(clock())
            for name in KEPT_FROM_BEFORE:
                with suppress(FileNotFoundError):
                    shutil.copyfile(home / name, folder / Path(name).name)
            copy_from(database, folder / DATABASE)
            copy = Database(f"sqlite:///{folder / DATABASE}")
            try:
                copy.upgrade()
                return _write(path, home, database, copy, secret, cipher, created_at, allow_missing, record)
            finally:
                copy.close()
        finally:
            shutil.rmtree(folder)


def _write(
    path: Path,
    home: Path,
    database: Database,
    copy: Database,
    secret: Secret | None,
    cipher: CipherName,
    created_at: int,
    allow_missing: bool,
    record: Callable[[Manifest], None],
) -> Saved:
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with new_file(draft) as file:
            archive = ArchiveWriter(SealedWriter(file, secret, cipher))
            files, gone = _add_contents(archive, home, copy)
            missing = _still_known(database, gone)
            if missing and not allow_missing:
                raise error("backup_incomplete", count=len(missing), example=missing[0])
            _forget(copy, sorted(set(gone) - set(missing)))
            for name in KEPT:
                _add_kept(archive, home, home / name)
            copy.close()  # then its file is all there is of it
            with (home / _FOLDER / DATABASE).open("rb") as data:
                archive.add(DATABASE, data)
            manifest = archive.finish(
                kantu=__version__,
                revision=revisions()[-1],
                database=database.engine.dialect.name,
                created_at=created_at,
            )
        record(manifest)
        put_in_place(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return Saved(manifest, files, tuple(missing))


def _add_contents(archive: ArchiveWriter, home: Path, copy: Database) -> tuple[int, list[str]]:
    """How many stored files were added, and the ids of those that are not there."""
    with copy.session(read_only=True) as session:
        ids = all_ids(session)
    gone: list[str] = []
    for file_id in ids:
        place = Path("files") / place_of(file_id)
        try:
            content = (home / place).open("rb")
        except FileNotFoundError:
            gone.append(file_id)
            continue
        with content:
            archive.add(HOME + place.as_posix(), content)
    return len(ids) - len(gone), gone


def _add_kept(archive: ArchiveWriter, home: Path, path: Path) -> None:
    if path.is_dir():
        for inside in sorted(path.iterdir()):
            _add_kept(archive, home, inside)
        return
    name = path.relative_to(home).as_posix()
    source = home / _FOLDER / path.name if name in KEPT_FROM_BEFORE else path
    with suppress(FileNotFoundError), source.open("rb") as file:  # drafts get their names, and some came later
        archive.add(HOME + name, file)


def _still_known(database: Database, ids: list[str]) -> list[str]:
    """Those that nobody has deleted: their contents should be there."""
    known: set[str] = set()
    for part in _parts(ids):
        with database.session(read_only=True) as session:
            known |= known_ids(session, part)
    return [file_id for file_id in ids if file_id in known]


def _forget(copy: Database, ids: list[str]) -> None:
    for part in _parts(ids):
        with copy.session() as session:
            delete_rows(session, part)


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _DELETED_AT_ONCE):
        yield ids[start : start + _DELETED_AT_ONCE]


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@contextmanager
def _store_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        reason = not_written(failure)
    else:
        return
    raise error("backup_unwritable", path=path, reason=reason)
