"""The suite `loading`: seconds and memory that loading a model folder takes, beside transformers.

Every load has a process of its own; the two loaders take turns, so that neither owns a warmer page cache. Importing the
libraries is not part of the time. `ready` ends when the model object is usable, `touched` when in addition one byte of
every page of every weight has been read, so that a loader which only maps its files gains nothing.
"""

from __future__ import annotations

import functools
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from kantu import hub
from kantu.bench.match import Track
from kantu.bench.memory import peak_bytes, resident_bytes
from kantu.bench.plan import Plan
from kantu.bench.report import Cell, Table
from kantu.contenders import transformers
from kantu.contenders.apart import apart
from kantu.doctor.machine import available_memory_bytes
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.quantize import Quantize, weight_bytes
from kantu.vlm import default_dtype

_CPU = torch.device("cpu")
_PAGE_BYTES = 4096
_CHUNK_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class Load:
    """What one load took; `baseline_bytes` were resident before it."""

    ready_seconds: float
    touched_seconds: float
    baseline_bytes: int
    peak_bytes: int
    weights_bytes: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """What it took to load a model as `kantu.load` does, with its weights packed for the kernels."""

    ready_seconds: float
    peak_bytes: int
    weight_bytes: int


def loading(plan: Plan, track: Track) -> tuple[Table, ...]:
    """Both loaders, in BF16 and, where the memory allows, in float32; then ours with each variant of packed weights.

    Where the plan names a variant, only that.

    Raises:
        MissingDependencyError: transformers is not installed.
    """
    folder = ModelFolder.open(hub.locate(plan.model))
    _read_through(folder)  # both loaders start from a warm page cache
    if plan.quantize is not None:
        return (_prepared(folder, (plan.quantize,), plan.runs, track),)
    transformers.require()
    return _beside(folder, plan.runs, track), _prepared(folder, (None, "int8", "int4"), plan.runs, track)


def _beside(folder: ModelFolder, runs: int, track: Track) -> Table:
    dtypes = [torch.bfloat16]
    if 3 * sum(path.stat().st_size for path in folder.weights) < available_memory_bytes():
        dtypes.append(torch.float32)
    loads: dict[tuple[torch.dtype, str], list[Load]] = {(dtype, name): [] for dtype in dtypes for name in _LOADERS}
    for turn in track(range(runs), description="loading"):
        for dtype, name in list(loads)[:: -1 if turn % 2 else 1]:
            loads[dtype, name].append(apart(functools.partial(measure, name, folder.path, dtype)))
    return Table("loading", tuple(_row(name, dtype, each) for (dtype, name), each in loads.items()))


def _prepared(folder: ModelFolder, variants: Sequence[Quantize | None], runs: int, track: Track) -> Table:
    rows: list[dict[str, Cell]] = []
    for variant in track(variants, description="loading: prepared"):
        loads = [apart(functools.partial(prepare, folder.path, variant)) for _ in range(runs)]
        rows.append(
            {
                "variant": variant or str(default_dtype(_CPU)).removeprefix("torch."),
                "weight_bytes": loads[0].weight_bytes,
                **_spread("ready", [load.ready_seconds for load in loads]),
                "peak_bytes": max(load.peak_bytes for load in loads),
            }
        )
    return Table("loading_prepared", tuple(rows))


def prepare(folder: Path, quantize: Quantize | None) -> Prepared:
    """Load once in this process, and say what that took."""
    start = time.perf_counter()
    model = load_model(
        ModelFolder.open(folder), device=_CPU, dtype=default_dtype(_CPU), quantize=quantize, prepack=True
    )
    return Prepared(time.perf_counter() - start, peak_bytes(os.getpid()), weight_bytes(model))


def measure(loader: str, folder: Path, dtype: torch.dtype) -> Load:
    """Load once in this process, and say what that took."""
    load = _LOADERS[loader]()
    baseline_bytes = resident_bytes()
    start = time.perf_counter()
    model = load(folder, dtype)
    ready = time.perf_counter() - start
    weights_bytes = _touch(model)
    return Load(ready, time.perf_counter() - start, baseline_bytes, peak_bytes(os.getpid()), weights_bytes)


def _kantu() -> Callable[[Path, torch.dtype], torch.nn.Module]:
    return lambda folder, dtype: load_model(ModelFolder.open(folder), device=_CPU, dtype=dtype)


def _transformers() -> Callable[[Path, torch.dtype], torch.nn.Module]:
    transformers.require()  # importing it is not part of the time
    return lambda folder, dtype: transformers.load_model(folder, dtype=dtype)


_LOADERS = {"kantu": _kantu, "transformers": _transformers}


def _touch(model: torch.nn.Module) -> int:
    """Read a byte of every page of every weight; the number of bytes of all weights."""
    total = 0
    for weight in model.parameters():  # a tied weight comes once
        flat = weight.detach().reshape(-1).view(torch.uint8)
        flat[::_PAGE_BYTES].max()
        total += flat.numel()
    return total


def _read_through(folder: ModelFolder) -> None:
    for path in folder.weights:
        with path.open("rb") as file:
            while file.read(_CHUNK_BYTES):
                pass


def _row(loader: str, dtype: torch.dtype, loads: Sequence[Load]) -> dict[str, Cell]:
    """Medians with their range; memory is the largest peak as a multiple of the weights."""
    weights_bytes = loads[0].weights_bytes
    return {
        "contender": loader,
        "dtype": str(dtype).removeprefix("torch."),
        "weight_bytes": weights_bytes,
        **_spread("ready", [load.ready_seconds for load in loads]),
        **_spread("touched", [load.touched_seconds for load in loads]),
        "peak_ratio": max(load.peak_bytes for load in loads) / weights_bytes,
        "added_ratio": max(load.peak_bytes - load.baseline_bytes for load in loads) / weights_bytes,
    }


def _spread(name: str, seconds: Sequence[float]) -> dict[str, Cell]:
    return {
        f"{name}_seconds": statistics.median(seconds),
        f"{name}_least_seconds": min(seconds),
        f"{name}_most_seconds": max(seconds),
    }
