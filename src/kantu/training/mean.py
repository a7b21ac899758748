"""The running mean of weights: what a run ships. At a constant learning rate it stands in for a decay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from kantu.training.optimizer import write_rounded

_DECAY = 0.998  # some 500 steps count
_STEPS = "mean_steps"
_PREFIX = "mean/"


class WeightMean:
    """Exponential moving average of named float32 tensors ("Polyak averaging"; Izmailov et al., 2018, on why it helps).

    The first steps count less: the decay of step n is min(0.998, (1 + n) / (10 + n)), so the start is soon forgotten.
    """

    def __init__(self, masters: Mapping[str, Tensor]) -> None:
        self.masters = masters
        self.steps = 0
        self.means = {name: master.detach().clone() for name, master in masters.items()}

    def update(self) -> None:
        """Take in the masters as they stand."""
        weight = 1 - min(_DECAY, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.means.values()), list(self.masters.values()), weight)
        self.steps += 1

    @contextmanager
    def written_into(self, live: Mapping[str, Tensor]) -> Iterator[None]:
        """Within the context `live` holds the means, rounded to its dtype; after it the masters again."""
        write_rounded(self.means, live)
        try:
            yield
        finally:
            write_rounded(self.masters, live)

    def state_dict(self) -> dict[str, Tensor]:
        """Means and count of steps as flat named tensors, fit for safetensors."""
        return {_STEPS: torch.tensor(self.steps), **{f"{_PREFIX}{name}": mean for name, mean in self.means.items()}}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from `state_dict`'s tensors, among others; without them the mean begins anew at the masters."""
        self.steps = int(state.get(_STEPS, torch.tensor(0)))
        for name, mean in self.means.items():
            mean.copy_(state.get(f"{_PREFIX}{name}", self.masters[name]))
