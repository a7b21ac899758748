"""Muon (Jordan et al., 2024): momentum made orthogonal, in the precision the device is fastest in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

from kantu.vlm.device import default_dtype

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic iteration
_ITERATIONS = 5
_RMS = 0.2  # of a step's entries at a learning rate of one, as AdamW's are
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
        """Apply the gradients that there are; matrices of one shape together."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    direction = self._direction(parameter, parameter.grad, group["momentum"])
                    alike[parameter.shape].append((parameter, direction))
            for shape, pairs in alike.items():
                parameters = [parameter for parameter, _ in pairs]
                directions = torch.stack([direction for _, direction in pairs])
                steps = orthogonal(directions, default_dtype(directions.device)).to(directions.dtype)
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(parameters, list(steps), alpha=-group["lr"] * _RMS * max(shape) ** 0.5)

    def _direction(self, parameter: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        mean: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(mean, momentum)


def orthogonal(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """[matrices, rows, columns] with singular values brought near one (0.7 to 1.2), computed in `dtype`."""
    first, second, third = _COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    wide = (matrices.mT if tall else matrices).to(dtype)
    wide = wide / wide.flatten(1).norm(dim=1).clamp(min=_SMALLEST_NORM)[:, None, None]
    for _ in range(_ITERATIONS):
        gram = wide @ wide.mT
        change = torch.baddbmm(gram, gram, gram, beta=second, alpha=third)
        wide = torch.baddbmm(wide, change, wide, beta=first)
    return wide.mT if tall else wide
