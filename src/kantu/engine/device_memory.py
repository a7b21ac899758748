"""How much memory of an engine's device is used and how much is free."""

from __future__ import annotations

import re
from pathlib import Path

import torch

_KIB = 1024


def device_memory(device: torch.device) -> dict[str, float]:
    """The gauges `device_memory_used_bytes` and `device_memory_free_bytes`; none if the system does not report them.

    CUDA: of the whole device, for all processes. CPU: this process's resident memory, and what the system could still
    give without swapping (Linux only).

    Raises:
        RuntimeError: the device is lost.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return _gauges(total - free, free)
    status, machine = Path("/proc/self/status"), Path("/proc/meminfo")
    if device.type != "cpu" or not (status.exists() and machine.exists()):
        return {}
    return _gauges(_kib(status, "VmRSS"), _kib(machine, "MemAvailable"))


def _gauges(used: float, free: float) -> dict[str, float]:
    return {"device_memory_used_bytes": used, "device_memory_free_bytes": free}


def _kib(file: Path, name: str) -> float:
    """A value of a file of `name:  1234 kB` lines, in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", file.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{file} does not tell {name}")
    return float(found[1]) * _KIB
