"""Memory of a gateway's processes, read from /proc (Linux)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ENGINE = b"kantu.engine.process.child"
_OF_PYTHON = b"resource_tracker"  # of multiprocessing, beside whoever uses it


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


def footprint(pid: int) -> Footprint:
    """Of the gateway whose HTTP process is `pid`; a process that is gone has nothing."""
    engine = decoders = 0
    for child in _descendants(pid):
        command = _read(child, "cmdline")
        if _ENGINE in command:
            engine += _kib(child, "status", b"VmRSS")
        elif _OF_PYTHON not in command:
            decoders += _kib(child, "smaps_rollup", b"Pss")
    return Footprint(_kib(pid, "status", b"VmRSS"), engine, decoders)


def peak_bytes(pid: int) -> int:
    """The most that this process ever had in RAM."""
    return _kib(pid, "status", b"VmHWM")


def engine_pid(pid: int) -> int | None:
    """The engine's process of the gateway `pid`, if there is one now."""
    return next((child for child in _descendants(pid) if _ENGINE in _read(child, "cmdline")), None)


def _descendants(pid: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        stat = _read(int(folder.name), "stat")
        if stat:
            children.setdefault(int(stat.rpartition(b")")[2].split()[1]), []).append(int(folder.name))
    waiting = list(children.get(pid, ()))
    while waiting:
        child = waiting.pop()
        waiting += children.get(child, ())
        yield child


def _kib(pid: int, file: str, name: bytes) -> int:
    """A field of a file in /proc that is given in kB, in bytes."""
    found = re.search(name + rb":\s+(\d+) kB", _read(pid, file))
    return int(found[1]) * 1024 if found else 0


def _read(pid: int, file: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:  # it has ended
        return b""
