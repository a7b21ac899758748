"""A file system of a few MiB, to be filled."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

DISK_BYTES = 8 * 2**20


def mount(folder: Path) -> bool:
    """Make `folder` a file system of its own, in memory; whether this user may do that."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "kantu-small-disk", str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def unmount(folder: Path) -> None:
    """End it, with all that is in it."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while shutil.disk_usage(path).free:
            file.write(bytes(2**16))
    assert shutil.disk_usage(path).free == 0
