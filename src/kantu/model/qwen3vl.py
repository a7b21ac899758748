"""The whole network: a vision tower, a decoder and the output projection."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from kantu.model.attention import KVCache
from kantu.model.config import ModelConfig
from kantu.model.text import TextDecoder
from kantu.model.vision import Grid, VisionTower


class Qwen3VL(nn.Module):
    """Qwen3-VL dense. Equal to `transformers`' Qwen3VLForConditionalGeneration, number for number.

    `output_projection`, if set, computes the logits instead of `output_weight` (see `model.quantize`). If the output
    projection has its own tensor, the model then has no `lm_head` any more.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.visual = VisionTower(config.vision)
        self.language_model = TextDecoder(config.text)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.text.hidden_size, config.text.vocab_size, bias=False)
        self.output_projection: nn.Module | None = None

    @property
    def output_weight(self) -> Tensor:
        """The output projection, [vocab, hidden]; the embedding table itself if the two are tied."""
        tied = self.config.tie_word_embeddings
        return self.language_model.embed_tokens.weight if tied else self.lm_head.weight

    def encode_images(self, patches: Tensor, grids: Sequence[Grid]) -> Tensor:
        """Patches [patches, patch_dim] of one or more images -> [1 + levels, visual tokens, hidden], packed."""
        visual: Tensor = self.visual(patches, grids)
        return visual

    def forward(
        self,
        input_ids: Tensor,
        positions: Tensor,
        cache: KVCache,
        *,
        visual: Tensor | None = None,
        visual_index: Tensor | None = None,
        logits_at: Tensor | None = None,
    ) -> Tensor:
        """Logits [tokens, vocab], or [n, vocab] for the n tokens `logits_at` points to. See `TextDecoder.forward`."""
        hidden = self.language_model(input_ids, positions, cache, visual, visual_index)
        if logits_at is not None:
            hidden = hidden[logits_at]
        if self.output_projection is None:
            return F.linear(hidden, self.output_weight)
        logits: Tensor = self.output_projection(hidden)
        return logits
