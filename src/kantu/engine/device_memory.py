"""How much memory of an engine's device is used and how much is free."""

from __future__ import annotations

import psutil
import torch


def device_memory(device: torch.device) -> dict[str, float]:
    """The gauges `device_memory_used_bytes` and `device_memory_free_bytes`; none if the system does not report them.

    CUDA: of the whole device, for all processes. CPU: this process's resident memory, and what the system could still
    give without swapping.

    Raises:
        RuntimeError: the device is lost.
    """
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return _gauges(total - free, free)
    if device.type != "cpu":
        return {}
    return _gauges(psutil.Process().memory_info().rss, psutil.virtual_memory().available)


def _gauges(used: float, free: float) -> dict[str, float]:
    return {"device_memory_used_bytes": used, "device_memory_free_bytes": free}
