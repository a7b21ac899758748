"""What this machine can do, and how much of it answering reaches: bytes read by decode, arithmetic by prefill."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from kantu.bench.report import Cell, share
from kantu.bench.work import ANSWER_TOKENS, Workload
from kantu.contenders.kantu import Kantu
from kantu.doctor.machine import cpu
from kantu.model.checkpoint import expected_shapes
from kantu.model.config import ModelConfig
from kantu.model.folder import ModelFolder
from kantu.model.quantize import GROUP, Quantize
from kantu.native import kernels

_READ_BYTES = 2**28  # far more than any cache holds
_SIDE = 2048  # of the square matrices that are multiplied
_SECONDS = 0.4  # for each measurement
_PATCHES = 4  # of a visual token


@dataclass(frozen=True, slots=True)
class Machine:
    """The CPU, and the best of a few short tries of what it can do.

    Attributes:
        dtype: of `matmul_flops_per_second`.
        read_bytes_per_second: summing products over a large array.
        copy_bytes_per_second: copying one; bytes read and bytes written both count.
        matmul_flops_per_second, int8_flops_per_second: products of square matrices, a multiply-add counting two; None
            where PyTorch has no such product.
    """

    cpu: str
    cores: int
    torch: str
    dtype: str
    read_bytes_per_second: float
    copy_bytes_per_second: float
    matmul_flops_per_second: float
    int8_flops_per_second: float | None


def measure(dtype: torch.dtype) -> Machine:
    """Takes two seconds and half a gigabyte."""
    source = torch.ones(_READ_BYTES // 4)
    target = torch.empty_like(source)
    square = torch.ones(_SIDE, _SIDE, dtype=dtype)
    found = cpu()
    return Machine(
        cpu=found.name,
        cores=found.cores,
        torch=torch.__version__,
        dtype=str(dtype).removeprefix("torch."),
        read_bytes_per_second=_READ_BYTES / _best_seconds(lambda: torch.dot(source, source)),
        copy_bytes_per_second=2 * _READ_BYTES / _best_seconds(lambda: target.copy_(source)),
        matmul_flops_per_second=2 * _SIDE**3 / _best_seconds(lambda: square @ square),
        int8_flops_per_second=_int8_flops_per_second(),
    )


def reached(ours: Kantu, quantize: Quantize | None, machine: Machine, runs: int, workload: Workload) -> dict[str, Cell]:
    """What one request at a time makes of the machine, and the bytes of the weights: a row of the last table."""
    works = [workload.new(ANSWER_TOKENS) for _ in range(runs + 1)]
    replies = [work.ask(ours) for work in works][1:]  # one warms up
    vlm, first = ours.vlm, replies[0]
    config = ModelFolder.open(vlm.folder).config
    flops = prefill_flops(config, prompt_tokens=first.prompt_tokens, visual_tokens=first.visual_tokens)
    read = decode_bytes(config, quantize, vlm.dtype)
    arithmetic = flops / statistics.median(reply.ttft_seconds for reply in replies)
    bandwidth = read / statistics.median(reply.tpot_seconds for reply in replies)
    return {
        "variant": quantize or machine.dtype,
        "decode_bytes": read,
        "decode_bytes_per_second": bandwidth,
        "decode_share": share(bandwidth, machine.read_bytes_per_second),
        "prefill_flops_per_second": arithmetic,
        "prefill_share": share(arithmetic, machine.matmul_flops_per_second),
        "weight_bytes": vlm.engine.stats().gauges.get("weight_bytes"),
    }


def decode_bytes(config: ModelConfig, quantize: Quantize | None, dtype: torch.dtype) -> float:
    """Bytes of weights that one output token reads; scales are counted, norms and the KV cache are not."""
    scales = 16 if kernels.is_available() and dtype == torch.bfloat16 else 16 * dtype.itemsize  # PyTorch's have zeros
    bits = {None: 8.0 * dtype.itemsize, "int8": 8.0, "int4": 4 + scales / GROUP}
    output = bits["int8" if quantize else None]  # of the output projection: never INT4
    sizes = _matrices(config)
    return (sizes["layers"] * bits[quantize] + sizes["output"] * output) / 8


def prefill_flops(config: ModelConfig, *, prompt_tokens: int, visual_tokens: int) -> float:
    """Arithmetic of a prompt's products with weights, a multiply-add counting two; attention's own is left out."""
    sizes = _matrices(config)
    tower = _PATCHES * sizes["tower"] + sizes["mergers"]
    return 2.0 * (prompt_tokens * sizes["layers"] + visual_tokens * tower + sizes["output"])


def _matrices(config: ModelConfig) -> dict[str, int]:
    """Weights by what reads them: every token, every patch, every visual token, and the one that is sampled from."""
    sizes = {"layers": 0, "tower": 0, "mergers": 0, "output": config.text.vocab_size * config.text.hidden_size}
    for name, shape in expected_shapes(config).items():
        if len(shape) < 2 or "embed_tokens" in name or "pos_embed" in name or name.startswith("lm_head"):
            continue
        part = "layers" if "language_model" in name else "mergers" if "merger" in name else "tower"
        sizes[part] += math.prod(shape)
    return sizes


def _int8_flops_per_second() -> float | None:
    steps = torch.ones(_SIDE, _SIDE, dtype=torch.int8)
    try:
        return 2 * _SIDE**3 / _best_seconds(lambda: torch._int_mm(steps, steps))
    except RuntimeError:
        return None


def _best_seconds(work: Callable[[], object]) -> float:
    """The best, because whatever disturbs a measurement only makes it slower."""
    work()  # warm up: pages, threads, kernels
    best = math.inf
    end = time.perf_counter() + _SECONDS
    while time.perf_counter() < end or best == math.inf:
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best
