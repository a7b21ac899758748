"""Files that get their names once they are whole and safe, and locks on them and on folders."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EWOULDBLOCK, EXDEV
from pathlib import Path
from typing import BinaryIO


def put_in_place(source: Path, target: Path) -> None:
    """Move a complete file to its name, in place of what has that name, also to another disk. Raises OSError."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as failure:
        if failure.errno != EXDEV:
            raise
        beside = target.with_name(f".{target.name}.part")
        beside.unlink(missing_ok=True)
        with source.open("rb") as read, new_file(beside) as written:
            shutil.copyfileobj(read, written)
        beside.replace(target)
        source.unlink()
    sync_folder(target.parent)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner's eyes that is on the disk itself at the end. Raises OSError, also where there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """The names in a folder are on the disk itself afterwards. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """A folder, made where there is none, that nobody else is in; waits for whoever is. Raises OSError."""
    while True:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=True)
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # whoever had it has just deleted it
            continue
        try:
            with suppress(OSError):  # a disk that knows no locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_still(descriptor, folder):
                yield
                return
        finally:
            os.close(descriptor)


def lock_at_once(descriptor: int) -> bool:
    """Whether an open file is now this process's, until it is closed; also where the disk knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        return failure.errno not in (EWOULDBLOCK, EACCES)
    return True


def is_still(descriptor: int, path: Path) -> bool:
    """Whether what was opened still has its name: whoever had the lock before may have renamed or deleted it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))
