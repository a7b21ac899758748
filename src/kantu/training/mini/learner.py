"""`kantu-mini` as the loop sees it: network, glyph head, optimizer and the mean of weights; BF16 on CPU and CUDA."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.mean import WeightMean
from kantu.training.mini import losses
from kantu.training.mini.batch import Batch
from kantu.training.mini.folder import write_weights
from kantu.training.mini.losses import GlyphHead
from kantu.training.mini.network import initialize, mini_config
from kantu.training.optimizer import MasterOptimizer

_GLYPH_HEAD = "glyph-head.safetensors"  # beside a run's weights; a folder that ships has none, and a fresh one learns
_TABLES = ("embed_tokens", "pos_embed", "classifier", "count", "place", "extent")
_WEIGHT_DECAY = 0.05
_CLIP = 1.0


class MiniLearner:
    """See `kantu.training.loop.Learner`."""

    def __init__(self, tokenizer: Tokenizer, *, seed: int, weights: Path | None, device: torch.device) -> None:
        """Start from the folder `weights` (and the glyph head in it, if there is one), else from scratch."""
        self.device = device
        self.config = mini_config(tokenizer)
        self.model = Qwen3VL(self.config)
        initialize(self.model, seed)
        torch.manual_seed(seed)
        self.head = GlyphHead(self.config)
        if weights is not None:
            loaded = load_model(ModelFolder.open(weights), device=torch.device("cpu"), dtype=torch.float32)
            self.model.load_state_dict(loaded.state_dict())
            if (weights / _GLYPH_HEAD).exists():
                self._named_head().load_state_dict(load_file(weights / _GLYPH_HEAD), strict=False)  # parts came later
        modules: dict[str, nn.Module] = {"model": self.model.to(device), "head": self.head.to(device)}
        self.optimizer = MasterOptimizer(modules, tables=_TABLES, weight_decay=_WEIGHT_DECAY, clip=_CLIP)
        for module in modules.values():
            module.bfloat16()
        self.optimizer.attach(modules)
        self.mean = WeightMean(self.optimizer.masters)

    def learn(self, batch: Batch, learning_rate: float) -> Mapping[str, float]:
        """Losses, accuracies and the gradient's norm of one step."""
        result = losses.compute(self.model, self.head, batch.to(self.device))
        result.total.backward()  # type: ignore[no-untyped-call]
        norm = self.optimizer.step(learning_rate)
        self.mean.update()
        return {**result.parts, "gradient_norm": norm}

    def state(self) -> dict[str, Tensor]:
        tensors = {**self.optimizer.state_dict(), **self.mean.state_dict()}
        return {name: tensor.detach().cpu() for name, tensor in tensors.items()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.optimizer.load_state_dict({name: tensor for name, tensor in state.items() if not name.startswith("mean")})
        self.mean.load_state_dict(state)

    def write(self, folder: Path) -> None:
        """The mean of weights and glyph head; what else a folder needs is written once, when a run begins."""
        with self.mean.written_into(self.optimizer.live):
            write_weights(folder, self.model)
            save_file(self._named_head().state_dict(), folder / _GLYPH_HEAD)

    def _named_head(self) -> nn.ModuleDict:
        return nn.ModuleDict({"head": self.head})
