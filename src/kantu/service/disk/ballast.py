"""Room that is given up when the disk is full, so that what frees or forbids something can still be written."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path

from kantu.service.disk.placing import is_still, lock_at_once

_log = logging.getLogger(__name__)

PIECES = 4
"""In which it is given up."""


class Ballast:
    """A file that means nothing, beside a database: SQLite needs room for its log even to delete a row.

    Others who write to the same disk may take the room that it gives up, but not before it is given up: it is given up
    in pieces, so that something is left for the next urgent thing. Several processes may share one.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path, self._size_bytes = path, size_bytes

    def restore(self) -> bool:
        """Make it again, where there is none and the disk has room for it twice; whether it was made.

        A disk that cannot hold it now is tried again the next time. What another process is just making is left to it.
        """
        try:
            if self._exists() or self._free_bytes() < 2 * self._size_bytes:
                return False
            return self._make()
        except OSError as error:
            _log.warning("ballast_not_made", extra={"errno": error.errno})
            return False

    def release(self) -> bool:
        """Give up a piece of it if the disk is full; whether it did."""
        try:
            if self._free_bytes() >= self._size_bytes:
                return False
            left = self._path.stat().st_size - self._size_bytes // PIECES
            if left > 0:
                os.truncate(self._path, left)
            else:
                self._path.unlink()
        except OSError:  # there is none, or another process was first
            return False
        _log.warning("ballast_released")
        return True

    def _make(self) -> bool:
        draft = self._path.with_name(f"{self._path.name}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if not lock_at_once(descriptor) or not is_still(descriptor, draft):  # also where it has just been finished
                return False
            if self._exists():  # since it was looked for
                draft.unlink()
                return False
            try:
                file.truncate(0)
                file.write(os.urandom(self._size_bytes))  # a file system may keep zeros without taking room
                file.flush()
                os.fsync(descriptor)
                draft.replace(self._path)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
        return True

    def _exists(self) -> bool:
        return self._path.exists() and self._path.stat().st_size == self._size_bytes

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._path.parent).free
