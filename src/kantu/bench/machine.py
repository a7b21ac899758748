"""What this machine can do, and how much of it answering reaches: bytes read by decode, arithmetic by prefill."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

import torch

from kantu.bench.report import Cell, share
from kantu.bench.work import ANSWER_TOKENS, Workload
from kantu.contenders.kantu import Kantu
from kantu.doctor import speed
from kantu.doctor.machine import cpu
from kantu.model.checkpoint import expected_shapes
from kantu.model.config import ModelConfig
from kantu.model.folder import ModelFolder
from kantu.model.quantize import GROUP, Quantize
from kantu.native import kernels

_PATCHES = 4  # of a visual token


@dataclass(frozen=True, slots=True)
class Machine:
    """The CPU, and how fast it is (see `kantu.doctor.speed`); `dtype` is that of `matmul_flops_per_second`."""

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
    found = cpu()
    return Machine(
        cpu=found.name,
        cores=found.cores,
        torch=torch.__version__,
        dtype=str(dtype).removeprefix("torch."),
        read_bytes_per_second=speed.read_bytes_per_second(),
        copy_bytes_per_second=speed.copy_bytes_per_second(),
        matmul_flops_per_second=speed.matmul_flops_per_second(torch.device("cpu"), dtype),
        int8_flops_per_second=speed.int8_flops_per_second(),
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
