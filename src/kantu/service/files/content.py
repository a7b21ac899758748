"""Contents of files on disk: written under a temporary name, flushed, then renamed to their id."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from kantu.errors import error
from kantu.service.disk.placing import put_in_place
from kantu.service.disk.room import DiskRoom
from kantu.service.files.record import FILE_IDS
from kantu.service.threads import on_thread

_DRAFTS = "drafts"
_WRITE_BYTES = 2**20
_LOOKED_UP = 500


class Draft:
    """A file being written, which nobody can see yet. `ContentStore.draft` makes and ends it.

    Attributes:
        path: where it is for now.
        size: bytes taken so far.
        sha256: of what has been flushed.
    """

    def __init__(self, path: Path, room: DiskRoom, max_bytes: int | None, take: Callable[[int], None] | None) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._room, self._max_bytes, self._take = room, max_bytes, take
        self._waiting = bytearray()
        with _store_errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)

    async def write(self, data: bytes) -> None:
        """Append.

        Raises:
            InvalidRequestError: `file_too_large`, and what `take` raises.
            StoreError: `store_full`, `store_unavailable`.
        """
        self.size += len(data)
        if self._max_bytes is not None and self.size > self._max_bytes:
            raise error("file_too_large", most=self._max_bytes / 2**20)
        if self._take is not None:
            self._take(len(data))
        self._waiting += data
        if len(self._waiting) >= _WRITE_BYTES:
            await on_thread(self._write)

    async def flush(self) -> None:
        """Everything taken so far is on the disk itself afterwards, also if the power fails.

        Raises:
            StoreError: as `write`.
        """
        await on_thread(self._sync)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self) -> bytes:
        """What has been flushed."""
        with _store_errors():
            return self.path.read_bytes()

    def discard(self) -> None:
        """Leave nothing of it, unless it has been renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        with _store_errors(), self._room.writing(len(self._waiting)):
            rest = memoryview(bytes(self._waiting))
            while rest:
                rest = rest[self._file.write(rest) :]
        self._hash.update(self._waiting)
        self._waiting.clear()

    def _sync(self) -> None:
        self._write()
        with _store_errors():
            os.fsync(self._file.fileno())


def place_of(file_id: str) -> Path:
    """Where in the folder the content of a file is. The first two random digits spread files over 256 folders."""
    return Path(file_id.removeprefix(FILE_IDS.prefix)[:2]) / file_id


class ContentStore:
    """The folder that holds the contents of files by their ids, which are trusted here.

    With several replicas it is one folder that all of them see.

    Args:
        room: of the disk that it is on.
        clock: seconds, never going back.
    """

    def __init__(self, folder: Path, room: DiskRoom, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._room, self._clock = folder, room, clock
        self._unknown_since: dict[Path, float] = {}

    def check_room(self, size: int) -> None:
        """Refuse what the disk has no room for.

        Raises:
            StoreError: `store_full`, `store_unavailable`.
        """
        with _store_errors(), self._room.writing(size):
            pass

    def path(self, file_id: str) -> Path:
        """Where the content of a file is."""
        return self._folder / place_of(file_id)

    @asynccontextmanager
    async def draft(
        self, max_bytes: int | None = None, take: Callable[[int], None] | None = None
    ) -> AsyncIterator[Draft]:
        """A file to write; what `keep` has not renamed by the end leaves nothing behind.

        Args:
            max_bytes: largest size.
            take: called with the number of bytes before they are taken; raises where there may not be so many.

        Raises:
            StoreError: `store_full`, `store_unavailable`.
        """
        path = self._folder / _DRAFTS / secrets.token_hex(12)
        draft = await on_thread(lambda: Draft(path, self._room, max_bytes, take), drop=Draft.discard)
        try:
            yield draft
        finally:
            draft.discard()

    async def keep(self, draft: Draft, file_id: str) -> None:
        """Give a draft its name: the content of `file_id` is then complete and safe.

        Raises:
            StoreError: as `Draft.write`.
        """
        await draft.flush()
        await on_thread(lambda: self._rename(draft.path, self.path(file_id)))

    def open(self, file_id: str) -> BinaryIO:
        """The content, to read.

        Raises:
            StoreError: `file_content_missing`: the disk does not have what the database promises.
        """
        try:
            return self.path(file_id).open("rb")
        except OSError:
            pass
        raise error("file_content_missing")

    def remove(self, file_ids: Iterable[str]) -> None:
        """Delete contents; those that are not there are left at that.

        Raises:
            StoreError: `store_unavailable`.
        """
        with _store_errors():
            for file_id in file_ids:
                self.path(file_id).unlink(missing_ok=True)

    def sweep(self, known: Callable[[list[str]], set[str]], after_seconds: float) -> int:
        """Delete what an interrupted process left: drafts, and contents that no row names.

        How long they have lain there is how long sweeps of this process have seen them. Times of files come from a
        clock that may have been set since, and then what is just being uploaded would be deleted.

        Args:
            known: those of some ids that have a row.
            after_seconds: until then they may be at work in this process or another.

        Returns:
            How many were deleted; what another process was faster to delete does not count.

        Raises:
            StoreError: `store_unavailable`, and what `known` raises.
        """
        now = self._clock()
        with _store_errors():
            unknown = list(self._unknown(known))
            self._unknown_since = {path: self._unknown_since.get(path, now) for path in unknown}
            old = [path for path in unknown if now - self._unknown_since[path] >= after_seconds]
            return sum(_unlink(path) for path in old)

    def _unknown(self, known: Callable[[list[str]], set[str]]) -> Iterator[Path]:
        for folder in sorted(self._folder.iterdir()) if self._folder.exists() else ():
            entries = folder.iterdir()
            while paths := list(islice(entries, _LOOKED_UP)):
                kept = set() if folder.name == _DRAFTS else known([path.name for path in paths])
                yield from (path for path in paths if path.name not in kept)

    def _rename(self, source: Path, target: Path) -> None:
        with _store_errors():
            put_in_place(source, target)


def _unlink(path: Path) -> bool:
    """Delete a file; whether it was there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        # from None: the system's error names a path
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise error("store_full") from None
        raise error("store_unavailable.disk") from None
