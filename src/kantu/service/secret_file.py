"""Files with secrets in them, which only their owner reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from kantu.service.disk.placing import new_file


def write_secret(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a line to a new file, to the disk.

    Args:
        replace: a file that is there, which a start that was killed has left; else that one stays as it is, and of
            several processes one makes it.

    Raises:
        OSError
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if replace:
        path.unlink(missing_ok=True)
        _write(path, text)
        return
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        _write(draft, text)
        with suppress(FileExistsError):  # another process was first
            os.link(draft, path)  # whole, or not at all
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    with new_file(path) as file:
        file.write(f"{text}\n".encode())
