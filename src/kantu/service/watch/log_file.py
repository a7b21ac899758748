"""Logs in a file that is exchanged when it is full. What cannot be written is lost; nothing waits or fails for it."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from dataclasses import dataclass
from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

from kantu.errors import error

_MODE = 0o600
_TELL_SECONDS = 60.0


@dataclass(frozen=True)
class LogFile:
    """Where a process logs to.

    Attributes:
        most_bytes: after which it is exchanged.
        kept: how many old ones stay, `path.1` the newest.
    """

    path: Path
    most_bytes: int
    kept: int

    def beside(self, name: str) -> LogFile:
        """The file of another process: two that exchange the same one would lose lines."""
        return LogFile(self.path.with_name(f"{self.path.stem}.{name}{self.path.suffix}"), self.most_bytes, self.kept)


class LogFileHandler(RotatingFileHandler):
    """Only its owner may read what it writes.

    Raises:
        InvalidRequestError: `invalid_settings`, if the file cannot be opened.
    """

    def __init__(self, file: LogFile) -> None:
        self._lost = 0
        self._told_at: float | None = None
        try:
            super().__init__(file.path, maxBytes=file.most_bytes, backupCount=file.kept, encoding="utf-8")
        except OSError:
            raise error("invalid_settings.log_file", path=file.path) from None

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        os.fchmod(descriptor, _MODE)  # it may have been there before
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: LogRecord) -> None:  # noqa: N802 - logging's name
        """Count what is lost, and say so on standard error once a minute; never what the line was."""
        self._lost += 1
        stream, self.stream = self.stream, None  # what its buffer holds is lost too
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= _TELL_SECONDS:
            self._told_at = now
            with contextlib.suppress(OSError, ValueError):
                print(f'{{"event": "log lines were lost", "level": "error", "count": {self._lost}}}', file=sys.stderr)
