"""`kantu-mini` as the loop sees it: network, glyph head, optimizer and the mean of weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn

from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.learner import MasterLearner
from kantu.training.mini import losses
from kantu.training.mini.batch import Batch
from kantu.training.mini.folder import write_weights
from kantu.training.mini.losses import GlyphHead
from kantu.training.mini.network import initialize, mini_config

_GLYPH_HEAD = "glyph-head.safetensors"  # beside a run's weights; a folder that ships has none, and a fresh one learns
_TABLES = ("embed_tokens", "pos_embed", "classifier", "count", "place", "extent", "brought")


class MiniLearner(MasterLearner):
    """See `kantu.training.loop.Learner`."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        seed: int,
        weights: Path | None,
        device: torch.device,
        frozen_eye: bool = False,
    ) -> None:
        """Start from the folder `weights` (and the glyph head in it, if there is one), else from scratch.

        A frozen eye stays as it is; only the decoder learns.
        """
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
        self.model.visual.requires_grad_(not frozen_eye)
        super().__init__({"model": self.model, "head": self.head}, _TABLES, device)

    def learn(self, batch: Batch, learning_rate: float) -> Mapping[str, float]:
        """Losses, accuracies and the gradient's norm of one step."""
        result = losses.compute(self.model, self.head, batch.to(self.device))
        return {**result.parts, "gradient_norm": self.descend(result.total, learning_rate)}

    def write(self, folder: Path) -> None:
        """The mean of weights and glyph head; what else a folder needs is written once, when a run begins."""
        with self.mean.written_into(self.optimizer.live):
            write_weights(folder, self.model)
            save_file(self._named_head().state_dict(), folder / _GLYPH_HEAD)

    def _named_head(self) -> nn.ModuleDict:
        return nn.ModuleDict({"head": self.head})
