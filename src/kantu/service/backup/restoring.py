"""From a backup to a home and a database, so that a kill at any moment leaves either nothing of it or all.

Everything is first unpacked and checked in a folder of the home. A file in it, `decided`, is the turning point: until
it is there, nothing has changed, and the folder is deleted by whoever finds it; from then on whoever opens the
database brings it to its end first (`finish_restore`). Each step of that may be done twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import BinaryIO

from kantu.errors import error
from kantu.service.backup.archive import DATABASE, HOME, Manifest, read_archive
from kantu.service.backup.sealing import SealedReader, Secret
from kantu.service.database import Database
from kantu.service.database.copying import copy_to, is_empty
from kantu.service.database.migrate import revisions
from kantu.service.disk.placing import locked_folder, new_file, put_in_place, sync_folder
from kantu.service.home import KEPT, without_service

_FOLDER = ".restore"
_DECIDED = "decided"


Stage = Callable[[Manifest, Path, Database], None]
"""Takes what was unpacked, a home and a database, and makes of it what is to be restored."""


def restore(
    path: Path, home: Path, database: Database, secret: Secret | None, *, force: bool, stage: Stage
) -> Manifest:
    """Put everything of a backup where it belongs.

    Args:
        home: which exists.
        database: not opened by anybody; its tables are made.
        force: also where there is something already. The database then holds what the backup holds; in the home, files
            of the same names are replaced, contents that no row names any more are left to the sweeper.
        stage: called before anything has changed; where it raises, nothing does.

    Raises:
        ConflictError: `restore_not_empty`, `restore_while_running`.
        InvalidRequestError: `backup_unreadable`, `backup_too_new`, `backup_damaged`; see `SealedReader`.
        StoreError: `store_unavailable`, `store_full`, `restore_unfinished`.
    """
    folder = home / _FOLDER
    with _store_errors(), locked_folder(folder):
        try:
            with without_service(home):
                _go_on(folder, home, database)
                if not (force or _is_empty_home(home)):
                    raise error("restore_not_empty", where=home)
                if not (force or is_empty(database)):
                    raise error("restore_not_empty", where=_name(database))
                manifest = _unpack(path, secret, folder, stage)
                _decide(folder, database)
                _go_on(folder, home, database)
        finally:
            if not (folder / _DECIDED).exists():
                shutil.rmtree(folder)
    return manifest


def check(path: Path, secret: Secret | None) -> Manifest:
    """Read all of a backup and restore nothing. Raises as `restore` does for the backup's sake."""

    @contextmanager
    def nowhere(_: str) -> Iterator[BinaryIO]:
        with Path("/dev/null").open("wb") as file:
            yield file

    with _opened(path, secret) as sealed:
        return _of_a_known_revision(path, read_archive(sealed, path, nowhere))


def finish_restore(home: Path, database: Database) -> None:
    """Bring a restore to its end that was killed, or wait for one that is at work. Nothing to do costs nothing.

    Raises:
        StoreError: `restore_unfinished`: it was into another database; `store_unavailable`, `store_full`.
    """
    folder = home / _FOLDER
    if not folder.exists():
        return
    with _store_errors(), locked_folder(folder):
        _go_on(folder, home, database)
        shutil.rmtree(folder)


def _unpack(path: Path, secret: Secret | None, folder: Path, stage: Stage) -> Manifest:
    @contextmanager
    def keep(name: str) -> Iterator[BinaryIO]:
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(target) as file:
            yield file

    with _opened(path, secret) as sealed:
        manifest = _of_a_known_revision(path, read_archive(sealed, path, keep))
    staged = Database(f"sqlite:///{folder / DATABASE}")
    try:
        staged.upgrade()
        stage(manifest, folder / HOME, staged)
    finally:
        staged.close()  # which leaves no log beside it
    return manifest


def _decide(folder: Path, database: Database) -> None:
    for inside in [path for path in folder.rglob("*") if path.is_dir()]:
        sync_folder(inside)
    draft = folder / f"{_DECIDED}.draft"
    with new_file(draft) as file:
        file.write(json.dumps({"database": _name(database)}).encode())
    put_in_place(draft, folder / _DECIDED)


def _go_on(folder: Path, home: Path, database: Database) -> None:
    """From the turning point to the end, where it has been reached; to an empty folder where it has not."""
    decided = folder / _DECIDED
    if decided.exists():
        goal = json.loads(decided.read_bytes())["database"]
        if goal != _name(database):
            raise error("restore_unfinished", database=goal, folder=folder)
        staged = folder / HOME
        for path in sorted(path for path in staged.rglob("*") if path.is_file()):
            put_in_place(path, home / path.relative_to(staged))
        if (folder / DATABASE).exists():
            copy_to(folder / DATABASE, database)
        decided.unlink()
        sync_folder(folder)
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def _opened(path: Path, secret: Secret | None) -> Iterator[SealedReader]:
    try:
        file = path.open("rb")
    except OSError:
        file = None
    if file is None:
        raise error("backup_unreadable", path=path)
    with file:
        yield SealedReader(file, path, secret)


def _of_a_known_revision(path: Path, manifest: Manifest) -> Manifest:
    if manifest.revision not in revisions():
        raise error("backup_too_new", path=path)
    return manifest


def _is_empty_home(home: Path) -> bool:
    """Whether it holds nothing that a backup would."""
    found = [home / name for name in ("files", *KEPT)]
    return not any(path.is_file() or any(it.is_file() for it in path.rglob("*")) for path in found)


def _name(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=True)


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        full = failure.errno in (ENOSPC, EDQUOT)
    else:
        return
    raise error("store_full") if full else error("store_unavailable.disk")
