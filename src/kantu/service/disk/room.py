"""How much of a disk is left, and how much of that must stay."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Literal

from kantu.errors import error

RoomState = Literal["ok", "low", "full"]

_BALLAST_SHARE = 16  # of the reserve


class DiskRoom:
    """The file system that a folder is on, or will be on. Used from any thread.

    What others write to it is seen as soon as it is written.

    Args:
        reserve_bytes: nothing of ours is stored where less than this would stay free, so that the database can write.
    """

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._lock = Lock()
        self._being_written = 0

    @property
    def size_bytes(self) -> int:
        """Of the whole file system. Raises OSError."""
        found = self._stat()
        return found.f_blocks * found.f_frsize

    @property
    def free_bytes(self) -> int:
        """What this user may still write. Raises OSError."""
        found = self._stat()
        return found.f_bavail * found.f_frsize

    @contextmanager
    def writing(self, size: int) -> Iterator[None]:
        """Around writing `size` bytes; what other threads are just writing counts.

        Raises:
            StoreError: `store_full`: the reserve would be used.
            OSError: the file system does not answer.
        """
        with self._lock:
            if self.free_bytes - self._being_written - size < self._reserve_bytes:
                raise error("store_full")
            self._being_written += size
        try:
            yield
        finally:
            with self._lock:
                self._being_written -= size

    def state(self) -> RoomState:
        """ "low" where nothing more is stored; "full" where not even the database has room. Raises OSError."""
        free = self.free_bytes
        if free < ballast_bytes(self._reserve_bytes):
            return "full"
        return "low" if free < self._reserve_bytes else "ok"

    def lets_wait(self) -> bool:
        """Whether what can wait has to: so little is free that it may be what the ballast gave up for urgent things.

        Raises OSError.
        """
        return self.free_bytes < 2 * ballast_bytes(self._reserve_bytes)

    def _stat(self) -> os.statvfs_result:
        folder = self._folder
        while not folder.exists() and folder != folder.parent:  # it is made when the first file is
            folder = folder.parent
        return os.statvfs(folder)


def worst_state(rooms: Iterable[DiskRoom]) -> RoomState:
    """The state of the room that has the least. Raises OSError."""
    states = {room.state() for room in rooms}
    return "full" if "full" in states else "low" if "low" in states else "ok"


def ballast_bytes(reserve_bytes: int) -> int:
    """The size of the ballast that goes with a reserve: see `disk.ballast`."""
    return reserve_bytes // _BALLAST_SHARE
