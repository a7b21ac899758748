"""What learners of networks share: live modules, float32 masters under an optimizer, and the mean of their weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from kantu.training.mean import WeightMean
from kantu.training.optimizer import MasterOptimizer
from kantu.vlm.device import default_dtype

_WEIGHT_DECAY = 0.05
_CLIP = 1.0


class MasterLearner:
    """Modules that learn, on a CPU or CUDA. See `kantu.training.loop.Learner` for what is still to be said of them."""

    def __init__(self, modules: Mapping[str, nn.Module], tables: Collection[str], device: torch.device) -> None:
        """`tables` as in `MasterOptimizer`. The modules are moved to the device, in the precision it is fastest in."""
        self.device, self.dtype = device, default_dtype(device)
        moved = {name: module.to(device) for name, module in modules.items()}
        self.optimizer = MasterOptimizer(moved, tables=tables, weight_decay=_WEIGHT_DECAY, clip=_CLIP)
        for module in moved.values():
            module.to(self.dtype)
        self.optimizer.attach(moved)
        self.mean = WeightMean(self.optimizer.masters)

    def descend(self, loss: Tensor, learning_rate: float) -> float:
        """One step down; the gradient's norm before clipping."""
        loss.backward()  # type: ignore[no-untyped-call]
        norm = self.optimizer.step(learning_rate)
        self.mean.update()
        return norm

    def state(self) -> dict[str, Tensor]:
        tensors = {**self.optimizer.state_dict(), **self.mean.state_dict()}
        return {name: tensor.detach().cpu() for name, tensor in tensors.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.optimizer.load_state_dict({name: tensor for name, tensor in state.items() if not name.startswith("mean")})
        self.mean.load_state_dict(state)
