"""Files with secrets in them, which only their owner reads."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_secret(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a line to a new file, to the disk.

    Args:
        replace: a file that is there, which a start that was killed has left; else that one stays as it is.

    Raises:
        OSError
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if replace:
        path.unlink(missing_ok=True)
        _write(path, text)
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    _write(draft, text)
    try:
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)  # whole, or not at all
    finally:
        draft.unlink()


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
