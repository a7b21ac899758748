"""How fast a device multiplies and moves memory. The best of short tries: what disturbs one only makes it slower."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch

_SECONDS = 0.4  # for each measurement
_SIDE = 2048  # of the square matrices that are multiplied
_READ_BYTES = 2**28  # far more than any cache holds
_CPU = torch.device("cpu")


def matmul_flops_per_second(device: torch.device, dtype: torch.dtype) -> float:
    """Products of square matrices, as in prefill; a multiply-add counts two."""
    square = torch.ones(_SIDE, _SIDE, device=device, dtype=dtype)
    return 2 * _SIDE**3 / _best_seconds(lambda: square @ square, device)


def int8_flops_per_second() -> float | None:
    """The same in INT8 on the CPU; None where PyTorch has no such product."""
    steps = torch.ones(_SIDE, _SIDE, dtype=torch.int8)
    try:
        return 2 * _SIDE**3 / _best_seconds(lambda: torch._int_mm(steps, steps))
    except RuntimeError:
        return None


def vector_bytes_per_second(device: torch.device, dtype: torch.dtype) -> float:
    """The rate at which a product with one vector reads its matrix, as in decode."""
    side = math.isqrt(_READ_BYTES // dtype.itemsize)
    weights = torch.ones(side, side, device=device, dtype=dtype)
    token = torch.ones(1, side, device=device, dtype=dtype)
    return weights.nbytes / _best_seconds(lambda: torch.nn.functional.linear(token, weights), device)


def read_bytes_per_second() -> float:
    """Summing products over a large array on the CPU."""
    source = torch.ones(_READ_BYTES // 4)
    return _READ_BYTES / _best_seconds(lambda: torch.dot(source, source))


def copy_bytes_per_second() -> float:
    """Copying a large array on the CPU; bytes read and bytes written both count."""
    source = torch.ones(_READ_BYTES // 4)
    target = torch.empty_like(source)
    return 2 * _READ_BYTES / _best_seconds(lambda: target.copy_(source))


def _best_seconds(work: Callable[[], object], device: torch.device = _CPU) -> float:
    work()  # warm up: pages, threads, kernels
    best = math.inf
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or best == math.inf:
        _settle(device)
        started = time.perf_counter()
        work()
        _settle(device)
        best = min(best, time.perf_counter() - started)
    return best


def _settle(device: torch.device) -> None:
    """Wait for what the device has been given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
