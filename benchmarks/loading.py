"""Seconds and memory that loading a model folder takes, beside transformers.

    python benchmarks/loading.py FOLDER [--runs 5] [--dtype bfloat16]

Every load has a process of its own; the two loaders take turns, so that neither owns a warmer page cache. Importing the
libraries is not part of the time. `ready` ends when the model object is usable, `touched` when in addition one byte of
every page of every weight has been read, so that a loader which only maps its files gains nothing. Memory is the peak
resident set of the process (VmHWM, mapped file pages included) as a multiple of the weights' bytes at the asked dtype.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

LOADERS = ("kantu", "transformers")
_PAGE_BYTES = 4096


def main() -> None:
    arguments = _arguments()
    if arguments.loader:
        print(json.dumps(measure(arguments.loader, arguments.folder, arguments.dtype)))
        return
    for path in sorted(arguments.folder.glob("*.safetensors")):  # both loaders start from a warm page cache
        _read_through(path)
    results: dict[str, list[dict[str, float]]] = {loader: [] for loader in LOADERS}
    for run in range(arguments.runs):
        for loader in LOADERS if run % 2 == 0 else LOADERS[::-1]:
            results[loader].append(_in_a_process(loader, arguments))
    print(_table(results))


def measure(loader: str, folder: Path, dtype_name: str) -> dict[str, float]:
    """Load once in this process and say what it took: seconds and bytes."""
    import torch

    load = _loader(loader, folder, getattr(torch, dtype_name))
    baseline_bytes = _status_bytes("VmRSS")
    start = time.perf_counter()
    model = load()
    ready = time.perf_counter() - start
    weights_bytes = _touch(model)
    touched = time.perf_counter() - start
    return {
        "ready_seconds": ready,
        "touched_seconds": touched,
        "baseline_bytes": baseline_bytes,
        "peak_bytes": _status_bytes("VmHWM"),
        "weights_bytes": weights_bytes,
    }


def _loader(name: str, folder: Path, dtype: torch.dtype) -> Callable[[], Any]:
    if name == "kantu":
        import torch

        from kantu.model.checkpoint import load_model
        from kantu.model.folder import ModelFolder

        return lambda: load_model(ModelFolder.open(folder), device=torch.device("cpu"), dtype=dtype)
    from transformers import Qwen3VLForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    return lambda: Qwen3VLForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval()


def _touch(model: Any) -> int:
    """Read a byte of every page of every weight; the number of bytes of all weights."""
    import torch

    total = 0
    for weight in model.parameters():  # a tied weight comes once
        flat = weight.detach().reshape(-1).view(torch.uint8)
        flat[::_PAGE_BYTES].max()
        total += flat.numel()
    return total


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def _in_a_process(loader: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, str(arguments.folder), "--dtype", arguments.dtype, "--loader", loader]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


def _read_through(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def _table(results: dict[str, list[dict[str, float]]]) -> str:
    weights = results[LOADERS[0]][0]["weights_bytes"]
    lines = [
        f"weights {weights / 1e9:.3f} GB, {len(results[LOADERS[0]])} runs each, median (min to max)",
        f"{'loader':<14}{'ready, s':<24}{'touched, s':<24}{'peak RSS / weights':<22}{'without imports':<16}",
    ]
    for loader, runs in results.items():
        assert all(run["weights_bytes"] == weights for run in runs), "the loaders hold different weights"
        peak = max(run["peak_bytes"] for run in runs) / weights
        net = max(run["peak_bytes"] - run["baseline_bytes"] for run in runs) / weights
        ready, touched = (_spread([run[key] for run in runs]) for key in ("ready_seconds", "touched_seconds"))
        lines.append(f"{loader:<14}{ready:<24}{touched:<24}{peak:<22.3f}{net:<16.3f}")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--loader", choices=LOADERS, help="measure one load in this process and print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
