"""What a process gives up before it touches an untrusted picture. It works without privileges, as any user."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from enum import IntFlag

from kantu.service.decoders import seccomp

CPU_SECONDS = 20  # of one picture; the largest that the guard lets through take 2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


class Protection(IntFlag):
    """What holds for a decoder process.

    Attributes:
        LIMITS: memory and processor time are bounded; no new descriptor, so no file and no socket; no file grows.
        NO_NEW_PRIVILEGES: nothing it starts could have more rights; others of the same user cannot look into it.
        FILTER: every system call that decoding does not take ends it.
    """

    LIMITS = 1
    NO_NEW_PRIVILEGES = 2
    FILTER = 4


EVERYTHING = Protection.LIMITS | Protection.NO_NEW_PRIVILEGES | Protection.FILTER


def libc() -> ctypes.CDLL:
    """The C library this process runs on; to be called before `enter`, which could not load it any more."""
    return ctypes.CDLL(None, use_errno=True)


def end_with_parent(c: ctypes.CDLL, parent: int) -> None:
    """Be killed when the parent, of this id, ends; where the system cannot do that, a socket that closes has to."""
    if sys.platform == "linux":
        c.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was quicker
            os._exit(0)


def enter(c: ctypes.CDLL, memory_bytes: int, *, filtered: bool = True) -> Protection:
    """Give up all that decoding does not take, for good; what of it this system could do.

    Args:
        memory_bytes: of address space, in all.
        filtered: False leaves the filter of system calls out.
    """
    got = Protection(0)
    if _limited(memory_bytes):
        got |= Protection.LIMITS
    if sys.platform == "linux":
        if c.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and c.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0:
            got |= Protection.NO_NEW_PRIVILEGES
        if filtered and seccomp.install(c):
            got |= Protection.FILTER
    return got


def _limited(memory_bytes: int) -> bool:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_NOFILE: 0,
    }
    all_set = True
    for limit, value in limits.items():
        with contextlib.suppress(ValueError, OSError):  # the administrator's own limit may be lower: that holds then
            resource.setrlimit(limit, (value, value))
        all_set &= 0 <= resource.getrlimit(limit)[1] <= value
    return all_set
