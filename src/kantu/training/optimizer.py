"""A live network, float32 master weights: Muon on matrices, AdamW on tables, norms and biases."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from kantu.training.muon import Muon


class MasterOptimizer:
    """Keeps a float32 copy of every parameter of `modules`, updates it, and writes it back rounded.

    Hidden matrices go to Muon, whose steps have AdamW's size, so one learning rate serves both. Modules of the names
    in `tables` are looked up, not multiplied by: AdamW takes them.
    """

    def __init__(
        self, modules: Mapping[str, nn.Module], *, tables: Collection[str], weight_decay: float, clip: float
    ) -> None:
        self.live = _parameters(modules)
        self.masters = {name: parameter.detach().float().clone() for name, parameter in self.live.items()}
        self.clip = clip
        matrices = [name for name, master in self.masters.items() if _is_matrix(name, master, tables)]
        others = [name for name in self.masters if name not in set(matrices)]
        self.muon = Muon([self.masters[name] for name in matrices], weight_decay=weight_decay)
        self.adamw = torch.optim.AdamW(
            [self.masters[name] for name in others], lr=1.0, betas=(0.9, 0.95), weight_decay=0.0, fused=True
        )

    def attach(self, modules: Mapping[str, nn.Module]) -> None:
        """Take the gradients from, and write back to, these parameters (the same modules after a change of dtype)."""
        self.live = _parameters(modules)

    def step(self, learning_rate: float) -> float:
        """Apply the gradients the live parameters hold, clear them, and return their norm before clipping."""
        for name, parameter in self.live.items():  # a stage may leave parts unused: those stay as they are
            self.masters[name].grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        norm = nn.utils.clip_grad_norm_(list(self.masters.values()), self.clip)
        for optimizer in (self.muon, self.adamw):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.write_back()
        return float(norm)

    def write_back(self) -> None:
        """Round the masters into the live parameters."""
        write_rounded(self.masters, self.live)

    def state_dict(self) -> dict[str, Tensor]:
        """Masters and optimizer state as flat named tensors, fit for safetensors."""
        state = {f"master/{name}": master for name, master in self.masters.items()}
        for optimizer in (self.muon, self.adamw):
            for name, master in self.masters.items():
                for key, value in optimizer.state.get(master, {}).items():
                    state[f"{key}/{name}"] = value
        return state

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from `state_dict`'s tensors. Parameters absent from it keep their present values."""
        owner = {
            name: optimizer
            for optimizer in (self.muon, self.adamw)
            for group in optimizer.param_groups
            for name, master in self.masters.items()
            if any(master is parameter for parameter in group["params"])
        }
        for key, value in state.items():
            kind, name = key.split("/", 1)
            if kind == "master":
                with torch.no_grad():
                    self.masters[name].copy_(value)
            else:
                place = value.device if kind == "step" else self.masters[name].device
                owner[name].state[self.masters[name]][kind] = value.clone().to(place)
        self.write_back()


def write_rounded(tensors: Mapping[str, Tensor], live: Mapping[str, Tensor]) -> None:
    """Copy each tensor into the live parameter of its name, in that one's dtype."""
    with torch.no_grad():
        torch._foreach_copy_(list(live.values()), [tensors[name] for name in live])


def _is_matrix(name: str, master: Tensor, tables: Collection[str]) -> bool:
    return master.ndim == 2 and not any(part in tables for part in name.split("."))


def _parameters(modules: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    return {
        f"{prefix}.{name}": parameter
        for prefix, module in modules.items()
        for name, parameter in module.named_parameters()
    }
