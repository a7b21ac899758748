"""Files of JSON lines that grow line by line: whatever ends a program, each line that was added is there, and whole."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from kantu.errors import error
from kantu.output_files import draft, writing

_PIECE_BYTES = 1 << 16


class DamagedLineError(ValueError):
    """A line, by its number from 1, that is no JSON."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number}")
        self.number = number


class Line(NamedTuple):
    """A line of a file.

    Attributes:
        start: where it begins, in bytes.
    """

    start: int
    value: Any


def read_lines(path: Path) -> Iterator[Line]:
    """What a file holds; half a line at its end, of a program that was killed, is left out.

    Raises DamagedLineError for any other line that is no JSON; OSError.
    """
    start = 0
    with path.open("rb") as file:  # not as text: values may hold other ends of lines
        for number, line in enumerate(file, 1):
            try:
                value = json.loads(line.decode())
            except (ValueError, RecursionError):
                if line.endswith(b"\n"):
                    raise DamagedLineError(number) from None
                return
            yield Line(start, value)
            start += len(line)


def read_line(file: BinaryIO, start: int) -> Any:
    """The value of the line that begins at `start`."""
    file.seek(start)
    return json.loads(file.readline().decode())


def rewrite(path: Path, values: Iterable[Any]) -> None:
    """Never half: a new file takes the place of the old one.

    Raises KantuError (`output_not_written`), as all that writes here; InvalidRequestError (`file_in_use`) while another
    program has the old one open for more.
    """
    with writing():
        if path.exists():
            with path.open("r+b", buffering=0) as old:
                _lock(old, path)  # what that program adds would be lost with the old file
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft(path) as made, made.open("wb") as file:
            file.writelines(map(_dump, values))


@dataclass
class LineFile:
    """A file that is open for more lines, and for nobody else's. Use it as a context."""

    path: Path
    _file: FileIO

    @classmethod
    def open(cls, path: Path) -> LineFile:
        """Begin a file, or go on with the one that is there; half a line at its end is dropped.

        Raises InvalidRequestError (`file_in_use`) while another program has it open for more.
        """
        with writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b", buffering=0)  # what could not be written is not tried again when it is closed
        try:
            _lock(file, path)
            with writing():
                _end_whole(file)
        except BaseException:
            file.close()
            raise
        return cls(path, file)

    def add(self, value: Any) -> int:
        """One more, on the disk when this returns. Tells where it begins."""
        left = memoryview(_dump(value))
        with writing():
            start = self._file.seek(0, os.SEEK_END)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        return start

    def close(self) -> None:
        """Whoever comes next may open it."""
        self._file.close()

    def __enter__(self) -> LineFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _lock(file: FileIO, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows, where two programs at once are not told
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:  # others are those of disks that know no locks
        if failure.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise error("file_in_use", path=path) from None


def _end_whole(file: FileIO) -> None:
    """Drop half a line at the end; a whole one that lacks its end gets it."""
    at = end = file.seek(0, os.SEEK_END)
    tail = b""
    while at > 0 and b"\n" not in tail:
        at = max(0, at - _PIECE_BYTES)
        file.seek(at)
        tail = file.read(min(_PIECE_BYTES, end - at - len(tail))) + tail
    last = tail.rpartition(b"\n")[2]
    if not last:
        return
    try:
        json.loads(last.decode())
    except (ValueError, RecursionError):
        file.truncate(end - len(last))
    else:
        file.write(b"\n")


def _dump(value: Any) -> bytes:
    # Values may hold lone surrogates, which have no UTF-8: they are escaped with everything else that is not ASCII.
    try:
        return (json.dumps(value, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        return (json.dumps(value) + "\n").encode()
