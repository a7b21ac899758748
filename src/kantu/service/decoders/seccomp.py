"""A filter of system calls: what is not on the list ends the process (Linux; seccomp(2), filters in classic BPF).

The list is what decoding takes once everything is imported and the picture's socket is open: memory, that socket, and
ending. No file, socket, process or signal to another can be had.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_PROT_EXEC = 4

# Offsets in struct seccomp_data: the call's number, the architecture, the low half of the third argument.
_NUMBER, _ARCHITECTURE, _THIRD = 0, 4, 32

# name: (x86-64, aarch64), from Linux' syscall tables
_ALLOWED = {
    "recvfrom": (45, 207),
    "sendto": (44, 206),
    "brk": (12, 214),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "futex": (202, 98),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "sched_yield": (24, 124),
    "sysinfo": (99, 179),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_MAPPING = {"mmap": (9, 222), "mprotect": (10, 226)}  # allowed where the memory is not to be executed
_AUDIT_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def install(libc: ctypes.CDLL) -> bool:
    """Shut this process in; it must have set NO_NEW_PRIVS. False where the machine or the kernel has no such filter."""
    known = _AUDIT_ARCHITECTURES.get(platform.machine()) if sys.platform == "linux" else None
    if known is None or sys.maxsize < 2**32:
        return False
    code = _program(*known)
    program = _Program(len(code) // 8, code)
    return bool(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(column: int, architecture: int) -> bytes:
    load, equal, any_bit, end = 0x20, 0x15, 0x45, 0x06  # BPF_LD | W | ABS, BPF_JMP | JEQ, BPF_JMP | JSET, BPF_RET
    mmap, mprotect = (_MAPPING[name][column] for name in ("mmap", "mprotect"))
    steps = [
        (load, 0, 0, _ARCHITECTURE),
        (equal, 1, 0, architecture),
        (end, 0, 0, _KILL_PROCESS),
        (load, 0, 0, _NUMBER),
    ]
    for numbers in _ALLOWED.values():
        steps += [(equal, 0, 1, numbers[column]), (end, 0, 0, _ALLOW)]
    steps += [
        (equal, 1, 0, mmap),
        (equal, 0, 3, mprotect),
        (load, 0, 0, _THIRD),
        (any_bit, 1, 0, _PROT_EXEC),
        (end, 0, 0, _ALLOW),
        (end, 0, 0, _KILL_PROCESS),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
