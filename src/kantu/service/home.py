"""KANTU_HOME, where the service keeps its data: only for its user's eyes, and one service at a time."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kantu.errors import error
from kantu.service.disk.placing import lock_at_once

_log = logging.getLogger(__name__)

RELOAD = signal.SIGUSR1
"""Has the service of a home read its tasks again. SIGHUP still ends one whose terminal is closed."""

LOCK_NAME = "kantu.lock"
_MOST_OWNER_BYTES = 512  # a process id and the name of a machine
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRET = (
    *("kantu.db*", "files", "first-key", "first-administrator", "people-key", LOCK_NAME),
    *("audit", "audit/key", "audit/anchors.jsonl"),
)
KEPT = ("first-key", "first-administrator", "people-key", "tasks", "audit")
"""What a backup holds of the home besides the database and the files: whatever the service keeps there and needs again.

Who has the service keep something new in its home adds the name: a file, or a folder with all that is in it.
"""
KEPT_FROM_BEFORE = ("audit/anchors.jsonl",)
"""Files of those that must not know of more than the database: a backup has them as they were before it was copied."""


def prepare_home(folder: Path) -> None:
    """Make it where there is none, and take it and what is secret in it away from everybody else.

    What is not ours cannot be mended. A home that its owner lets a group use, as Kubernetes' volumes are, is left at
    that; one that everybody may write is refused.

    Raises:
        StoreError: `home_unusable`, `home_insecure`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _close(folder, 0o700, most=stat.S_IWOTH)
        for pattern in _SECRET:
            for path in folder.glob(pattern):
                with suppress(FileNotFoundError):  # another process has just closed the database
                    _close(path, 0o700 if path.is_dir() else 0o600, most=_OTHERS)
        usable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        raise error("home_unusable", folder=folder)


def _close(path: Path, mode: int, *, most: int) -> None:
    """Give a path of ours its mode; of somebody else's, `most` says which bits are too many."""
    found = path.stat()
    ours = os.geteuid() in (0, found.st_uid)
    if ours and stat.S_IMODE(found.st_mode) & (mode | _OTHERS) != mode:
        path.chmod(mode)
    if not ours and found.st_mode & most:
        raise error("home_insecure", path=path)


@contextmanager
def only_service(folder: Path, *, limits_are_shared: bool) -> Iterator[None]:
    """Around a service that uses the home: warns where another one does, too, and each counts limits for itself.

    The first one can be found with `service_of`.

    Args:
        limits_are_shared: in a Redis; then there is nothing to warn of.
    """
    with _opened(folder) as in_use, _lock_file(folder) as descriptor:
        with suppress(OSError):  # a disk that knows no locks
            fcntl.flock(in_use, fcntl.LOCK_SH)  # every service has it; see `without_service`
        if descriptor is not None and not lock_at_once(descriptor):
            if not limits_are_shared:
                _warn(folder)
        elif descriptor is not None:
            with suppress(OSError):  # a full disk
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()} {socket.gethostname()}".encode(), 0)
        yield


@contextmanager
def without_service(folder: Path) -> Iterator[None]:
    """Around what no service may run beside, on any machine that uses the home; one that starts now waits.

    Raises:
        ConflictError: `restore_while_running`.
    """
    with _opened(folder) as in_use:
        if not lock_at_once(in_use):
            raise error("restore_while_running", folder=folder)
        yield


def service_of(folder: Path) -> int | None:
    """The process id of the service on this machine, or in this container, that uses the home; None without one."""
    with _lock_file(folder) as descriptor:
        if descriptor is None:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            with suppress(OSError, ValueError):
                process, machine = os.pread(descriptor, _MOST_OWNER_BYTES, 0).decode().split(" ")
                return int(process) if machine == socket.gethostname() else None
    return None


@contextmanager
def _lock_file(folder: Path) -> Iterator[int | None]:
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # a full disk is no reason not to start
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _warn(folder: Path) -> None:
    _log.warning("home_in_use")
    print(
        f"警告：另一个服务也在用 {folder}。每个服务各自计数，密钥的限额会翻倍；请设 store.redis_url 共享限额。",
        file=sys.stderr,
        flush=True,
    )
