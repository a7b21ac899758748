"""Room for files of tests that is memory, where there is enough of it."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 8 * 2**30


def roomy_memory() -> Path | None:
    """A folder that has room for the files of all tests and may hold programs; None where there is none."""
    if not (_IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK)):
        return None
    found = os.statvfs(_IN_MEMORY)
    room = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    return _IN_MEMORY if room >= _ROOM_BYTES and not found.f_flag & os.ST_NOEXEC else None
