"""`kantu-mini-text` as the loop sees it. Its decoder learns; its vision tower stays as it was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from tokenizers import Tokenizer

from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.model.qwen3vl import Qwen3VL
from kantu.training.learner import MasterLearner
from kantu.training.mini.batch import TextBatch
from kantu.training.mini.folder import write_weights
from kantu.training.mini.losses import answered, learned_tokens, numbers, watching
from kantu.training.mini.network import initialize
from kantu.training.mini_text.network import mini_text_config

_TABLES = ("embed_tokens",)


class MiniTextLearner(MasterLearner):
    """See `kantu.training.loop.Learner`."""

    def __init__(self, tokenizer: Tokenizer, *, seed: int, weights: Path, device: torch.device) -> None:
        """Start from the decoder of the folder `weights`, be it of `kantu-mini` or of an earlier `kantu-mini-text`."""
        self.config = mini_text_config(tokenizer)
        self.model = Qwen3VL(self.config)
        initialize(self.model, seed)
        loaded = load_model(ModelFolder.open(weights), device=torch.device("cpu"), dtype=torch.float32)
        self.model.language_model.load_state_dict(loaded.language_model.state_dict())
        super().__init__({"decoder": self.model.language_model}, _TABLES, device)

    def learn(self, batch: TextBatch, learning_rate: float) -> Mapping[str, float]:
        """Loss, accuracies, the gradient's norm and the tokens of one step."""
        batch = batch.to(self.device)
        attention, learned = watching(batch, self.dtype), learned_tokens(batch)
        logits = self.model(batch.input_ids, batch.positions, attention, logits_at=learned)
        loss, parts, accuracies = answered(logits, attention, learned, batch)
        figures = numbers(parts, accuracies)
        norm = self.descend(loss, learning_rate)
        return {**figures, "gradient_norm": norm, "tokens": float(len(batch.input_ids))}

    def write(self, folder: Path) -> None:
        """The mean of weights; what else a folder needs is written once, when a run begins."""
        with self.mean.written_into(self.optimizer.live):
            write_weights(folder, self.model)
