"""Muon (Jordan et al., 2024): momentum made orthogonal, in the precision the device is fastest in."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from kantu.vlm.device import default_dtype

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration
_ITERATIONS = 5
_SMALLEST_NORM = 1e-7


class Muon(torch.optim.Optimizer):
    """Nesterov's momentum, orthogonal steps of AdamW's size (Moonlight, 2025), decoupled weight decay.

    The same steps as `torch.optim.Muon(adjust_lr_fn="match_rms_adamw")`, which always iterates in bfloat16: on a CPU
    that emulates it, that takes several times the rest of a training step.
    """

    def __init__(self, parameters: Iterable[Tensor], *, weight_decay: float, momentum: float = 0.95) -> None:
        """`parameters` are matrices; the learning rate is set in `param_groups` before each step."""
        super().__init__(parameters, {"lr": 1.0, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Apply the gradients that there are."""
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                mean = state["momentum_buffer"].lerp_(parameter.grad, 1 - momentum)
                direction = orthogonal(parameter.grad.lerp(mean, momentum), default_dtype(parameter.device))
                parameter.mul_(1 - rate * group["weight_decay"])
                parameter.add_(direction, alpha=-rate * 0.2 * max(parameter.shape) ** 0.5)


def orthogonal(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """The matrix with its singular values brought near one (0.7 to 1.2), computed in `dtype`."""
    first, second, third = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    wide = (matrix.T if tall else matrix).to(dtype)
    wide = wide / wide.norm().clamp(min=_SMALLEST_NORM)
    for _ in range(_ITERATIONS):
        gram = wide @ wide.T
        change = torch.addmm(gram, gram, gram, beta=second, alpha=third)
        wide = torch.addmm(wide, change, wide, beta=first)
    return wide.T if tall else wide
