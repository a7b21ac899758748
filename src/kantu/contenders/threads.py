"""With how many threads contenders compute on the CPU: all with as many as our engine."""

from __future__ import annotations

import torch


def engine_threads() -> int:
    """What our engine takes, which is what PyTorch takes: the cores, or OMP_NUM_THREADS."""
    return torch.get_num_threads()
