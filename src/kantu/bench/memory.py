"""Memory of processes: a gateway's, and this one."""

from __future__ import annotations

import ctypes
import gc
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_ENGINE = "kantu.engine.process.child"
_OF_PYTHON = "resource_tracker"  # of multiprocessing, beside whoever uses it


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes in RAM now.

    Attributes:
        http: of the process that serves HTTP.
        engine: of the engine's process.
        decoders: of all other children together; what they share is counted once.
    """

    http: int
    engine: int
    decoders: int


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of this process (Linux with glibc).

    Attributes:
        held_bytes: mapped for data, less what malloc has free.
        resident_bytes: in RAM, with malloc's holes.
    """

    held_bytes: int
    resident_bytes: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        libc = ctypes.CDLL(None)
        libc.malloc_trim(0)
        libc.mallinfo2.restype = _Mallinfo
        memory = psutil.Process().memory_info()
        return cls(memory.data - libc.mallinfo2().fordblks, memory.rss)


class _Mallinfo(ctypes.Structure):
    """Of malloc.h; `fordblks` is what malloc has free, in all its arenas."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def footprint(pid: int) -> Footprint:
    """Of the gateway whose HTTP process is `pid`; a process that is gone has nothing."""
    http = engine = decoders = 0
    with suppress(psutil.NoSuchProcess):
        http = psutil.Process(pid).memory_info().rss
    for child, command in _children(pid):
        with suppress(psutil.Error):
            if _ENGINE in command:
                engine += child.memory_info().rss
            elif _OF_PYTHON not in command:
                decoders += child.memory_full_info().pss
    return Footprint(http, engine, decoders)


def engine_pid(pid: int) -> int | None:
    """The engine's process of the gateway `pid`, if there is one now."""
    return next((child.pid for child, command in _children(pid) if _ENGINE in command), None)


def resident_bytes() -> int:
    """What this process has in RAM now."""
    return int(psutil.Process().memory_info().rss)


def peak_bytes(pid: int) -> int:
    """The most that a process ever had in RAM; 0 where it is gone.

    Read from /proc, as psutil does not tell it, and what `resource` tells begins with the parent's.
    """
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii", "replace"))
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _children(pid: int) -> Iterator[tuple[psutil.Process, str]]:
    """Everything that a process has started, and by which command; none of what is gone."""
    children: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(pid).children(recursive=True)
    for child in children:
        with suppress(psutil.Error):
            yield child, " ".join(child.cmdline())
